//! Texts that are read and texts that are not, compared with an independent reader.

use parquet::schema::parser as oracle;
use proptest::prelude::*;

use super::*;
use crate::schema::types::tests::schemas;

fn read_as_the_oracle_reads(text: &str) {
    let ours = parse_message_type(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let theirs = oracle::parse_message_type(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{text}");
}

fn error_of(text: &str) -> String {
    match parse_message_type(text) {
        Ok(schema) => panic!("{text} was read as {schema:?}"),
        Err(error) => error.to_string().replacen("Parquet error: ", "", 1),
    }
}

/// A field in a message, as text.
fn field(text: &str) -> String {
    format!("message m {{ {text} }}")
}

#[test]
fn layout_and_case_do_not_matter() {
    for text in [
        "message m {}",
        "message a.b-c { }\n",
        "message m{required int32 b;required int32 c;}",
        "message m { REQUIRED INT32 b; Optional Int64 c ; }",
        "message m { required int32 b\n;\trequired\r\nint32 c; }",
        "message m { required int32 message; required int32 group; required int32 1; }",
        "message \u{e4} { required int32 \u{f6}; }",
    ] {
        read_as_the_oracle_reads(text);
    }
}

#[test]
fn every_type_and_annotation_is_read() {
    for text in [
        "optional int96 b; optional boolean c; optional float d; optional double e;",
        "required binary b; required byte_array c;",
        "required fixed_len_byte_array(5) b; repeated fixed_len_byte_array (6) c;",
        "required int32 b = 5; required int32 c=-5; required int32 d (DATE) = 6;",
        "required binary a (UTF8); required binary b (utf8); required binary c (STRING);",
        "required binary a (ENUM); required binary b (JSON); required binary c (BSON);",
        "required int32 a (DECIMAL(9,2)); required int32 b (decimal(9, 2)) = 4;",
        "required int64 a (DECIMAL(18)); required fixed_len_byte_array(5) b (DECIMAL(11,3));",
        "required int64 b (TIMESTAMP(MILLIS,true)); required int64 c (timestamp(nanos, FALSE));",
        "required int32 b (TIME(MILLIS,true)); required int64 c (TIME(MICROS,false));",
        "required int32 b (TIME_MILLIS); required int64 c (TIMESTAMP_MICROS);",
        "required int32 b (INTEGER(8,true)); required int64 c (INTEGER(64,false));",
        "required int32 b (INT_8); required int64 c (UINT_64) = 3;",
        "required fixed_len_byte_array(12) b (INTERVAL);",
        "required fixed_len_byte_array(16) b (UUID); optional fixed_len_byte_array(2) c (FLOAT16);",
        "required int32 b (UNKNOWN); required int32 c (NONE);",
        "optional binary b (GEOMETRY); optional binary c (GEOGRAPHY);",
        "optional group b (VARIANT) { required binary metadata; required binary value; }",
        "optional group b (FILE) { optional binary uri (STRING); }",
        "optional group b (LIST) { repeated group list { optional int32 element; } }",
        "optional group b (MAP) = 4 { repeated GROUP key_value (map_key_value) = 5 {} }",
        "optional group b = 4 { } required int32 c;",
    ] {
        read_as_the_oracle_reads(&field(text));
    }
}

#[test]
fn errors_say_what_was_expected() {
    for (text, error) in [
        ("", "Message type does not start with 'message'"),
        ("schema m {}", "Message type does not start with 'message'"),
        ("MESSAGE m {}", "Message type does not start with 'message'"),
        ("message", "Expected a name, but the text ends"),
        ("message {}", "Expected a name, found token '{'"),
        ("message m", "Expected '{', but the text ends"),
        ("message m {", "Expected '}', but the text ends"),
        (
            "message m {} x",
            "Expected the end of the message type, found token 'x'",
        ),
        ("message m (LIST) {}", "Expected '{', found token '('"),
    ] {
        assert_eq!(error_of(text), error, "{text}");
    }
    for (text, error) in [
        ("int32 b;", "Invalid parquet repetition INT32"),
        ("group b {}", "Invalid parquet repetition GROUP"),
        ("required foo b;", "Invalid parquet type FOO"),
        ("required int32 ;", "Expected a name, found token ';'"),
        ("required int32 b", "Expected ';', found token '}'"),
        (
            "required int32 b, required int32 c;",
            "Expected ';', found token ','",
        ),
        ("required int32 b;;", "Expected a name, found token ';'"),
        (
            "required int32 b = x;",
            "Failed to parse id 'x' of field 'b'",
        ),
        (
            "required int32 b = 99999999999;",
            "Failed to parse id '99999999999' of field 'b'",
        ),
        (
            "required fixed_len_byte_array b;",
            "Expected '(', found token 'b'",
        ),
        (
            "required fixed_len_byte_array(x) b;",
            "Failed to parse length for FIXED_LEN_BYTE_ARRAY",
        ),
        (
            "required fixed_len_byte_array(-5) b;",
            "Invalid FIXED_LEN_BYTE_ARRAY length: -5 for field 'b'",
        ),
        (
            "required binary b (foo);",
            "Invalid parquet converted type FOO",
        ),
        ("required binary b (UTF8;", "Expected ')', found token ';'"),
        (
            "required int32 b (DATE)(DATE);",
            "Expected ';', found token '('",
        ),
        (
            "required int32 b (DECIMAL);",
            "Expected '(', found token ')'",
        ),
        (
            "required int32 b (DECIMAL());",
            "Failed to parse precision for DECIMAL type",
        ),
        (
            "required int32 b (DECIMAL(9,));",
            "Failed to parse scale for DECIMAL type",
        ),
        (
            "required int32 b (DECIMAL(9,2,3));",
            "Expected ')', found token ','",
        ),
        (
            "required int32 b (DECIMAL(10,2));",
            "Cannot represent INT32 as DECIMAL with precision 10",
        ),
        (
            "required int64 b (TIMESTAMP(SECONDS,true));",
            "Failed to parse timeunit for TIMESTAMP type",
        ),
        (
            "required int64 b (TIME(NANOS,1));",
            "Failed to parse timezone info for TIME type",
        ),
        (
            "required int32 b (INTEGER(x,true));",
            "Failed to parse bit_width for INTEGER type",
        ),
        (
            "required int32 b (INTEGER(800,true));",
            "Failed to parse bit_width for INTEGER type",
        ),
        (
            "required int32 b (INTEGER(8,2));",
            "Failed to parse is_signed for INTEGER type",
        ),
        (
            "required binary b (GEOMETRY(x));",
            "Expected ')', found token '('",
        ),
        ("optional group b;", "Expected '{', found token ';'"),
        (
            "optional group b { required int32 c; ",
            "Expected '}', but the text ends",
        ),
    ] {
        assert_eq!(error_of(&field(text)), error, "{text}");
    }
}

#[test]
fn hostile_nesting_is_an_error_and_not_a_crash() {
    let nested = |depth: usize| {
        field(&format!(
            "{}{}",
            "optional group g {".repeat(depth),
            "}".repeat(depth)
        ))
    };
    assert!(parse_message_type(&nested(MAX_DEPTH)).is_ok());
    let error = error_of(&nested(100_000));
    assert_eq!(error, "Groups stand more than 200 deep in each other");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn printed_schemas_are_read_back((schema, _) in schemas()) {
        let mut text = Vec::new();
        crate::meta::printer::print_schema(&mut text, &schema);
        let text = String::from_utf8(text).unwrap();
        // These are printed with parameters that are not read.
        let unreadable = ["VARIANT(", "GEOGRAPHY(", "_Unknown("];
        prop_assume!(!unreadable.iter().any(|word| text.contains(word)));
        let again = parse_message_type(&text).unwrap();
        let mut text_again = Vec::new();
        crate::meta::printer::print_schema(&mut text_again, &again);
        // A decimal without logical type is printed like one that has it, but for a scale of zero.
        let text_again = String::from_utf8(text_again).unwrap().replace(",0))", "))");
        prop_assert_eq!(text_again, text.replace(",0))", "))"));
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "(message m \\{ )?([a-z0-9(){};=, \\[\\]]|required |int32 |group |DECIMAL|INTEGER|= 4 ){0,60}") {
        let ours = parse_message_type(&text);
        if ours.is_ok() {
            prop_assert!(oracle::parse_message_type(&text).is_ok() || text.contains('['), "{}", text);
        }
    }
}
