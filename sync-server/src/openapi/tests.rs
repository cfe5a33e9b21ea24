//! The document and the router say the same.
