//! Walks over a schema, with an eye for what groups mean.

use super::types::{Type, TypePtr};
use crate::basic::{ConvertedType, LogicalType, Repetition};
use crate::errors::{ParquetError, Result};

/// Goes over a type and those within it. [`TypeVisitor::dispatch`] finds out what a type is; whoever visits a struct,
/// a map or a list calls it for what is inside. `C` is handed down, `R` is what comes back.
pub trait TypeVisitor<R, C> {
    /// A leaf.
    ///
    /// # Errors
    /// The visitor's own.
    fn visit_primitive(&mut self, primitive_type: TypePtr, context: C) -> Result<R>;

    /// A list, whose item is looked for.
    ///
    /// SPEC: LogicalTypes.md, "Lists", with the rules for the lists of old writers.
    ///
    /// # Errors
    /// If the group is no list, or the visitor's own.
    fn visit_list(&mut self, list_type: TypePtr, context: C) -> Result<R> {
        let item = item_of(&list_type)?;
        self.visit_list_with_item(list_type, item, context)
    }

    /// A group that is neither a list nor a map.
    ///
    /// # Errors
    /// The visitor's own.
    fn visit_struct(&mut self, struct_type: TypePtr, context: C) -> Result<R>;

    /// A map.
    ///
    /// # Errors
    /// The visitor's own.
    fn visit_map(&mut self, map_type: TypePtr, context: C) -> Result<R>;

    /// Visits `cur_type` as what it is.
    ///
    /// # Errors
    /// As that visit.
    fn dispatch(&mut self, cur_type: TypePtr, context: C) -> Result<R> {
        if cur_type.is_primitive() {
            return self.visit_primitive(cur_type, context);
        }
        let info = cur_type.get_basic_info();
        match (info.logical_type_ref(), info.converted_type()) {
            (Some(LogicalType::List), _) | (_, ConvertedType::LIST) => {
                self.visit_list(cur_type, context)
            }
            (Some(LogicalType::Map), _)
            | (_, ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE) => {
                self.visit_map(cur_type, context)
            }
            _ => self.visit_struct(cur_type, context),
        }
    }

    /// A list of items of `item_type`.
    ///
    /// # Errors
    /// The visitor's own.
    fn visit_list_with_item(
        &mut self,
        list_type: TypePtr,
        item_type: TypePtr,
        context: C,
    ) -> Result<R>;
}

fn item_of(list: &TypePtr) -> Result<TypePtr> {
    let [repeated] = fields(list) else {
        return Err(no_list(list, "it has not just one field"));
    };
    if !is_repeated(repeated) {
        return Err(no_list(list, "its field is not repeated"));
    }
    let [only] = fields(repeated) else {
        // Two-level lists: a leaf, or a group of several fields, is the item itself.
        return Ok(repeated.clone());
    };
    let name = repeated.name();
    let is_item = is_repeated(only) || name == "array" || name == format!("{}_tuple", list.name());
    Ok(if is_item {
        repeated.clone()
    } else {
        only.clone()
    })
}

/// The fields of a group; a leaf has none.
fn fields(group: &Type) -> &[TypePtr] {
    if group.is_group() {
        group.get_fields()
    } else {
        &[]
    }
}

fn is_repeated(field: &Type) -> bool {
    let info = field.get_basic_info();
    info.has_repetition() && info.repetition() == Repetition::REPEATED
}

fn no_list(group: &Type, why: &str) -> ParquetError {
    ParquetError::General(format!(
        "Group '{}' is annotated as a list, but {why}",
        group.name()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::parser::parse_message_type;

    /// Writes a schema down as a word for each type.
    struct Words;

    impl TypeVisitor<String, usize> for Words {
        fn visit_primitive(&mut self, leaf: TypePtr, depth: usize) -> Result<String> {
            Ok(format!("{}@{depth}", leaf.name()))
        }

        fn visit_struct(&mut self, group: TypePtr, depth: usize) -> Result<String> {
            let fields = group.get_fields().iter();
            let fields: Result<Vec<_>> = fields
                .map(|field| self.dispatch(field.clone(), depth + 1))
                .collect();
            Ok(format!("{}{{{}}}", group.name(), fields?.join(" ")))
        }

        fn visit_map(&mut self, map: TypePtr, depth: usize) -> Result<String> {
            Ok(format!("map {}@{depth}", map.name()))
        }

        fn visit_list_with_item(
            &mut self,
            list: TypePtr,
            item: TypePtr,
            depth: usize,
        ) -> Result<String> {
            let item = self.dispatch(item, depth + 1)?;
            Ok(format!("{}[{item}]", list.name()))
        }
    }

    fn words(fields: &str) -> Result<String> {
        let schema = parse_message_type(&format!("message m {{ {fields} }}"))?;
        Words.dispatch(TypePtr::new(schema), 0)
    }

    #[test]
    fn types_are_visited_as_what_they_are() {
        let fields = "required int32 a; optional group b { required int32 c; } \
                      optional group d (MAP) { repeated group key_value { \
                      required binary key; required int32 value; } }";
        assert_eq!(words(fields).unwrap(), "m{a@1 b{c@2} map d@1}");
    }

    #[test]
    fn the_item_of_a_list_is_found_as_old_writers_put_it() {
        let list = |inside: &str| words(&format!("optional group l (LIST) {{ {inside} }}"));
        for (inside, expected) in [
            (
                "repeated group list { optional int32 element; }",
                "element@2",
            ),
            ("repeated group x { optional int32 y; }", "y@2"),
            ("repeated int32 element;", "element@2"),
            (
                "repeated group pair { required int32 a; required int32 b; }",
                "pair{a@3 b@3}",
            ),
            ("repeated group array { required int32 a; }", "array{a@3}"),
            (
                "repeated group l_tuple { required int32 a; }",
                "l_tuple{a@3}",
            ),
            ("repeated group list { repeated int32 a; }", "list{a@3}"),
        ] {
            assert_eq!(list(inside).unwrap(), format!("m{{l[{expected}]}}"));
        }
    }

    #[test]
    fn groups_that_are_no_lists_are_refused() {
        let list = |inside: &str| words(&format!("optional group l (LIST) {{ {inside} }}"));
        for inside in [
            "",
            "optional int32 a;",
            "repeated int32 a; repeated int32 b;",
        ] {
            let error = list(inside).unwrap_err().to_string();
            assert!(error.contains("'l' is annotated as a list"), "{error}");
        }
    }
}
