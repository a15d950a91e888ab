//! What the numbered enums of the format share: their number in a file and their name as text.

/// Gives an enum of unit variants `wire_id`, `Display` by variant name, and the list of all variants, which
/// [`by_name`] searches.
///
/// The enum declares its wire numbers as discriminants.
macro_rules! impl_named_enum {
    ($name:ident, [$($variant:ident),+ $(,)?]) => {
        impl $name {
            /// Every variant, in the order of the numbers in a file.
            pub const VARIANTS: &'static [$name] = &[$($name::$variant),+];

            /// The largest number that stands for a variant in a file.
            pub const MAX_DISCRIMINANT: i32 = {
                let mut largest = i32::MIN;
                $(
                    if $name::$variant as i32 > largest {
                        largest = $name::$variant as i32;
                    }
                )+
                largest
            };

            /// The number that stands for this variant in a file.
            pub(crate) const fn wire_id(self) -> i32 {
                self as i32
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self {
                    $($name::$variant => stringify!($variant)),+
                })
            }
        }
    };
}

pub(super) use impl_named_enum;

/// The variant whose `Display` text is exactly `text`.
pub(super) fn by_name<T: Copy + ToString>(all: &[T], text: &str) -> Option<T> {
    all.iter()
        .copied()
        .find(|variant| variant.to_string() == text)
}

/// The variant whose `Display` text is `text`, all in upper or all in lower case.
pub(super) fn by_name_in_one_case<T: Copy + ToString>(all: &[T], text: &str) -> Option<T> {
    let has_upper = text.contains(|c: char| c.is_ascii_uppercase());
    if has_upper {
        by_name(all, text)
    } else {
        by_name(all, &text.to_ascii_uppercase())
    }
}
