//! Any text is a schema or an error, and a schema prints as a text that means the same.
#![no_main]

use herringbone::schema::parser::parse_message_type;
use herringbone::schema::printer::print_schema;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(schema) = parse_message_type(text) else {
        return;
    };
    let mut printed = Vec::new();
    print_schema(&mut printed, &schema);
    let printed = String::from_utf8(printed).expect("schemas print as text");
    let again = parse_message_type(&printed).expect("what was printed is a schema");
    assert_eq!(schema, again, "{printed}");
});
