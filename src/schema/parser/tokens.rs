//! Cuts the text of a schema into words and marks.

use crate::errors::{ParquetError, Result};

/// The marks; each is a token by itself, whatever stands around it.
const MARKS: [char; 7] = ['{', '}', '(', ')', ';', ',', '='];

/// The tokens of a text, with one token of lookahead.
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Tokens { rest: text }
    }

    /// The next token, left where it is.
    pub(super) fn peek(&self) -> Option<&'a str> {
        Tokens { rest: self.rest }.next()
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Option<&'a str> {
        let text = self.rest.trim_start();
        let first = text.chars().next()?;
        let length = if MARKS.contains(&first) {
            first.len_utf8()
        } else {
            let ends = |c: char| c.is_whitespace() || MARKS.contains(&c);
            text.find(ends).unwrap_or(text.len())
        };
        let (token, rest) = text.split_at(length);
        self.rest = rest;
        Some(token)
    }

    /// Takes the next token if it is `wanted`, and says whether it was.
    pub(super) fn take(&mut self, wanted: &str) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    /// Takes the next token, which must be `wanted`.
    pub(super) fn expect(&mut self, wanted: &str) -> Result<()> {
        match self.next() {
            Some(token) if token == wanted => Ok(()),
            Some(token) => Err(ParquetError::General(format!(
                "Expected '{wanted}', found token '{token}'"
            ))),
            None => Err(ParquetError::General(format!(
                "Expected '{wanted}', but the text ends"
            ))),
        }
    }

    /// Takes the next token, which must be a word.
    pub(super) fn name(&mut self) -> Result<&'a str> {
        match self.next() {
            Some(token) if !token.starts_with(MARKS) => Ok(token),
            Some(token) => Err(ParquetError::General(format!(
                "Expected a name, found token '{token}'"
            ))),
            None => Err(ParquetError::General(
                "Expected a name, but the text ends".to_string(),
            )),
        }
    }
}
