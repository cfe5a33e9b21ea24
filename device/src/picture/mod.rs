//! (owned by the screens' half of this crate)
