"""What was checked, and what was not."""

from collections import Counter


class Report:
    def __init__(self):
        self.counts = Counter()
        # What a reader does otherwise, how often, and with what.
        self.notes = Counter()
        self.details = {}
        # What differs, by file.
        self.failures = {}

    def add(self, other):
        self.counts += other.counts
        self.notes += other.notes
        for note, details in other.details.items():
            self.details.setdefault(note, set()).update(details)
        self.failures |= other.failures

    def count(self, what, number=1):
        self.counts[what] += number

    def note(self, reader, text, detail=None):
        self.notes[reader, text] += 1
        if detail is not None:
            self.details.setdefault((reader, text), set()).add(detail)

    def fail(self, file, text):
        self.failures.setdefault(file, []).append(text)
