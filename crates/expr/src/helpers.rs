//! Helper functions of expressions (spec 8.6).
