//! What the numbered enums of the format share: their list of variants, their number in a file,
//! and their name as text.

/// Gives an enum of unit variants `ALL`, `wire_id`, `from_wire_id`, and `Display` by variant name.
///
/// The enum declares its wire numbers as discriminants; `$what` names it in errors.
macro_rules! impl_named_enum {
    ($name:ident, $what:literal, [$($variant:ident),+ $(,)?]) => {
        impl $name {
            /// Every variant, in the order of the wire numbers.
            pub(crate) const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The number that stands for this variant in a file.
            pub(crate) const fn wire_id(self) -> i32 {
                self as i32
            }

            /// The variant that the number `id` of a file stands for.
            pub(crate) fn from_wire_id(id: i32) -> $crate::errors::Result<Self> {
                Self::ALL.iter().copied().find(|variant| variant.wire_id() == id).ok_or_else(|| {
                    $crate::errors::ParquetError::General(format!(
                        concat!("the format knows no ", $what, " with the number {}"),
                        id
                    ))
                })
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
