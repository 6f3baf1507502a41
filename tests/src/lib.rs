//! chapar-tests
