//! Reads a schema from text in the message-type form.
//!
//! ```text
//! message   = "message" name "{" { field } "}"
//! field     = repetition ( group | primitive )
//! group     = "group" name annotations "{" { field } "}"
//! primitive = type [ "(" length ")" ] name annotations ";"
//! ```
//!
//! A repetition is `required`, `optional` or `repeated`; a type is `boolean`, `int32`, `int64`,
//! `int96`, `float`, `double`, `binary` (or `byte_array`) or `fixed_len_byte_array`, which alone has
//! a length. After the name come a logical or converted type in parentheses and an id, each if
//! there is one: `(DATE) = 4`. The form in which ids are printed, `[4] (DATE)`, is read as well.
//! Keywords may be upper or lower case, all but `message`.
//!
//! Parameters: `DECIMAL(precision,scale)` or `DECIMAL(precision)`, `INTEGER(width,signed)`,
//! `TIME(unit,utc)` and `TIMESTAMP(unit,utc)` with unit `MILLIS`, `MICROS` or `NANOS`. Geometry,
//! geography and variant types are read without parameters.
//!
//! The `parquet` crate is less strict: it also takes text that ends before the message's last brace, text with
//! something behind it, and ids that are no numbers. Here all three are errors.
//!
//! ```
//! use herringbone::schema::parser::parse_message_type;
//!
//! let schema = parse_message_type(
//!     "message spark_schema {
//!        required int64 id (INTEGER(64,false)) = 1;
//!        optional group tags (LIST) {
//!          repeated group list {
//!            optional binary element (STRING);
//!          }
//!        }
//!      }",
//! )?;
//! assert_eq!(schema.get_fields().len(), 2);
//! # Ok::<(), herringbone::errors::ParquetError>(())
//! ```

#[cfg(test)]
mod tests;
mod tokens;

use std::str::FromStr;
use std::sync::Arc;

use self::tokens::Tokens;
use crate::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use crate::errors::{ParquetError, Result};
use crate::schema::types::{Type, TypePtr};

/// How deep groups may stand in each other; a bound on the stack that hostile text can use.
const MAX_DEPTH: usize = 200;

/// Reads a schema from text; the [module](self) has the grammar.
///
/// # Errors
/// If the text does not follow the grammar, when an annotation does not fit its field, or when
/// groups stand more than 200 deep in each other.
pub fn parse_message_type(message_type: &str) -> Result<Type> {
    let mut parser = Parser {
        tokens: Tokens::new(message_type),
    };
    let schema = parser.message()?;
    match parser.tokens.next() {
        None => Ok(schema),
        Some(token) => fail(format!(
            "Expected the end of the message type, found token '{token}'"
        )),
    }
}

fn fail<T>(message: String) -> Result<T> {
    Err(ParquetError::General(message))
}

struct Parser<'a> {
    tokens: Tokens<'a>,
}

/// What stands after a field's name.
#[derive(Default)]
struct Annotations {
    logical_type: Option<LogicalType>,
    converted_type: Option<ConvertedType>,
    id: Option<i32>,
}

impl Parser<'_> {
    fn message(&mut self) -> Result<Type> {
        if self.tokens.next() != Some("message") {
            return fail("Message type does not start with 'message'".to_string());
        }
        let name = self.tokens.name()?;
        let fields = self.fields(0)?;
        Type::group_type_builder(name).with_fields(fields).build()
    }

    /// The fields of a group, with the braces.
    fn fields(&mut self, depth: usize) -> Result<Vec<TypePtr>> {
        if depth > MAX_DEPTH {
            return fail(format!(
                "Groups stand more than {MAX_DEPTH} deep in each other"
            ));
        }
        self.tokens.expect("{")?;
        let mut fields = Vec::new();
        while !self.tokens.take("}") {
            if self.tokens.peek().is_none() {
                return fail("Expected '}', but the text ends".to_string());
            }
            fields.push(Arc::new(self.field(depth)?));
        }
        Ok(fields)
    }

    fn field(&mut self, depth: usize) -> Result<Type> {
        let repetition: Repetition = self.tokens.name()?.to_uppercase().parse()?;
        let kind = self.tokens.name()?.to_uppercase();
        if kind == "GROUP" {
            self.group(repetition, depth)
        } else {
            self.primitive(repetition, kind.parse()?)
        }
    }

    fn group(&mut self, repetition: Repetition, depth: usize) -> Result<Type> {
        let name = self.tokens.name()?;
        let annotations = self.annotations(name)?;
        let fields = self.fields(depth + 1)?;
        Type::group_type_builder(name)
            .with_repetition(repetition)
            .with_logical_type(annotations.logical_type)
            .with_converted_type(annotations.converted_type.unwrap_or(ConvertedType::NONE))
            .with_id(annotations.id)
            .with_fields(fields)
            .build()
    }

    fn primitive(&mut self, repetition: Repetition, physical_type: PhysicalType) -> Result<Type> {
        let length = match physical_type {
            PhysicalType::FIXED_LEN_BYTE_ARRAY => self.length()?,
            _ => -1,
        };
        let name = self.tokens.name()?;
        let annotations = self.annotations(name)?;
        self.tokens.expect(";")?;
        let (precision, scale) = match &annotations.logical_type {
            Some(LogicalType::Decimal(decimal)) => (decimal.precision, decimal.scale),
            _ => (-1, -1),
        };
        Type::primitive_type_builder(name, physical_type)
            .with_repetition(repetition)
            .with_length(length)
            .with_precision(precision)
            .with_scale(scale)
            .with_logical_type(annotations.logical_type)
            .with_converted_type(annotations.converted_type.unwrap_or(ConvertedType::NONE))
            .with_id(annotations.id)
            .build()
    }

    fn length(&mut self) -> Result<i32> {
        self.tokens.expect("(")?;
        let length = self.parameter("length", "FIXED_LEN_BYTE_ARRAY")?;
        self.tokens.expect(")")?;
        Ok(length)
    }

    fn annotations(&mut self, name: &str) -> Result<Annotations> {
        let mut annotations = Annotations::default();
        let printed = self
            .tokens
            .peek()
            .and_then(|token| token.strip_prefix('[')?.strip_suffix(']'));
        if let Some(printed) = printed {
            self.tokens.next();
            annotations.id = Some(read_id(name, printed)?);
        }
        if self.tokens.take("(") {
            let word = self.tokens.name()?.to_uppercase();
            match word.parse::<LogicalType>() {
                Ok(bare) => annotations.logical_type = Some(self.with_parameters(bare)?),
                Err(_) => annotations.converted_type = Some(word.parse()?),
            }
            self.tokens.expect(")")?;
        }
        if annotations.id.is_none() && self.tokens.take("=") {
            annotations.id = Some(read_id(name, self.tokens.name()?)?);
        }
        Ok(annotations)
    }

    /// Reads the parameters of the logical types that have some.
    fn with_parameters(&mut self, bare: LogicalType) -> Result<LogicalType> {
        let whole = match bare {
            LogicalType::Decimal(_) => {
                self.tokens.expect("(")?;
                let precision = self.parameter("precision", "DECIMAL type")?;
                let scale = if self.tokens.take(",") {
                    self.parameter("scale", "DECIMAL type")?
                } else {
                    0
                };
                LogicalType::decimal(scale, precision)
            }
            LogicalType::Time(_) => {
                let (unit, utc) = self.unit_and_zone("TIME type")?;
                LogicalType::time(utc, unit)
            }
            LogicalType::Timestamp(_) => {
                let (unit, utc) = self.unit_and_zone("TIMESTAMP type")?;
                LogicalType::timestamp(utc, unit)
            }
            LogicalType::Integer(_) => {
                self.tokens.expect("(")?;
                let width = self.parameter("bit_width", "INTEGER type")?;
                self.tokens.expect(",")?;
                let signed = self.parameter("is_signed", "INTEGER type")?;
                LogicalType::integer(width, signed)
            }
            bare => return Ok(bare),
        };
        self.tokens.expect(")")?;
        Ok(whole)
    }

    fn unit_and_zone(&mut self, of: &str) -> Result<(TimeUnit, bool)> {
        self.tokens.expect("(")?;
        let unit = match self.tokens.name()?.to_uppercase().as_str() {
            "MILLIS" => TimeUnit::MILLIS,
            "MICROS" => TimeUnit::MICROS,
            "NANOS" => TimeUnit::NANOS,
            _ => return fail(format!("Failed to parse timeunit for {of}")),
        };
        self.tokens.expect(",")?;
        let utc = self.parameter("timezone info", of)?;
        Ok((unit, utc))
    }

    fn parameter<T: FromStr>(&mut self, what: &str, of: &str) -> Result<T> {
        let token = self.tokens.next().unwrap_or_default().to_lowercase();
        token
            .parse()
            .map_err(|_| ParquetError::General(format!("Failed to parse {what} for {of}")))
    }
}

fn read_id(name: &str, text: &str) -> Result<i32> {
    text.parse().map_err(|_| {
        ParquetError::General(format!("Failed to parse id '{text}' of field '{name}'"))
    })
}
