//! Provider facts that change what chapar does.
