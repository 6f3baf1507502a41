use super::*;

#[test]
fn reply_subjects() {
    for (subject, reply) in [
        ("Hello", "Re: Hello"),
        ("RE: Hello", "RE: Hello"),
        ("AW: Hello", "AW: Hello"),
        ("Fwd: Hello", "Re: Fwd: Hello"),
        ("", "Re:"),
    ] {
        assert_eq!(reply_subject(subject), reply);
    }
}
