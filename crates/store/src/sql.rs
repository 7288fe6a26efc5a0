//! Statements. Only this crate can make a [`Sql`], so only this crate holds SQL.

/// A statement, in the common language of both databases: `$1` placeholders, portable types, and the
/// few fragments of [`crate::dialect`] in braces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sql(pub(crate) &'static str);

impl std::fmt::Debug for Sql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl Sql {
    /// One line of it, for errors and logs.
    pub(crate) fn brief(self) -> String {
        let mut line = self.0.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.len() > 120 {
            let end = (0..=120).rev().find(|&i| line.is_char_boundary(i)).unwrap_or(0);
            line.truncate(end);
            line.push('…');
        }
        line
    }
}

/// Declares the statements of a file and lists them, so that a test can prepare every one on both databases.
macro_rules! sql {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* const $name: crate::sql::Sql = crate::sql::Sql($text);)*
        /// Every statement of this file with its name.
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[(&str, crate::sql::Sql)] =
            &[$((concat!(module_path!(), "::", stringify!($name)), $name)),*];
    };
}
pub(crate) use sql;
