use super::*;
use crate::testing::Xorshift;

#[test]
fn placeholder_compiles() {
    let summary = summarise(b"From: a@b.c\r\nSubject: hi\r\n\r\nText\r\n", true);
    assert_eq!(summary.subject, "hi");
    let _ = Xorshift::new(1).next();
}
