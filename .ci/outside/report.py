"""What was checked, and what was not."""

from collections import Counter


class Report:
    def __init__(self):
        self.counts = Counter()
        # What a reader does otherwise, and how often.
        self.notes = Counter()
        # What differs, by file.
        self.failures = {}

    def add(self, other):
        self.counts += other.counts
        self.notes += other.notes
        self.failures |= other.failures

    def count(self, what, number=1):
        self.counts[what] += number

    def note(self, reader, text):
        self.notes[reader, text] += 1

    def fail(self, file, text):
        self.failures.setdefault(file, []).append(text)
