//! HTML as text, from what is met to what is meant to harm.

use super::render::{Links, OUTPUT, to_text};

fn text(html: &str) -> String {
    to_text(html, Links::Shown)
}

#[test]
fn blocks_lists_tables_and_quotes() {
    for (html, want) in [
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<p>one<p>two<br>three", "one\n\ntwo\nthree"),
        ("one<br><br><br>two", "one\n\ntwo"),
        (
            "<table><tr><td>Sum</td><td>7.00</td></tr><tr><td>Tax<td>1.40</table>",
            "Sum  7.00\nTax  1.40",
        ),
        ("<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", "a\n\nb"),
        (
            "<ul><li>one<li>two<ol start=3><li>x</li><li>y</li></ol></ul>z",
            "- one\n- two\n  3. x\n  4. y\n\nz",
        ),
        (
            "a<blockquote>b<br>c<blockquote>d</blockquote></blockquote>e",
            "a\n\n> b\n> c\n>\n> > d\n\ne",
        ),
        ("<pre>a = 1\n  b\n\nc</pre>d", "a = 1\n  b\n\nc\n\nd"),
        ("<div style='white-space: pre-wrap'>x\ny</div>", "x\ny"),
        ("<h1>T</h1>text", "T\n\ntext"),
        ("a<hr>b", "a\n\n----\n\nb"),
        ("x <b>y</b>z\n <i>w</i>", "x yz w"),
        ("<img alt='A cat'><img src=x><img alt=' '>", "[A cat]"),
        ("<dl><dt>a<dd>b</dl>", "a\n  b"),
    ] {
        assert_eq!(text(html), want, "{html}");
    }
}

#[test]
fn hidden_words_stay_hidden() {
    for html in [
        "<style>p{}</style><script>x('<p>')</script><title>t</title>seen",
        "<div style='DISPLAY : none'>no<div>no</div>no</div>seen",
        "<span style='font-size:0px'>no</span>seen",
        "<div style='max-height:0;overflow:hidden'>no</div>seen",
        "<p hidden>no<p>seen",
        "<!-- no --><!--[if mso]>no<![endif]--><![if !mso]>seen<![endif]>",
        "<span style='visibility:hidden;'>no<br>no</span>seen<template>no</template>",
    ] {
        assert_eq!(text(html), "seen", "{html}");
    }
}

#[test]
fn links_say_where_they_lead() {
    for (html, want) in [
        ("<a href='https://x.test/a?b=1&amp;c=2'>here</a>.", "here <https://x.test/a?b=1&c=2>."),
        ("<a href=https://x.test/>https://x.test</a>", "https://x.test"),
        ("<a href='mailto:a@x.test'>a@x.test</a>", "a@x.test"),
        ("<a href='#top'>up</a> <a href='javascript:x'>run</a>", "up run"),
        ("<a href='https://x.test/'><div>button</div></a>next", "button <https://x.test/>\nnext"),
        ("<a href='https://x.test/'><img src=y></a>", "<https://x.test/>"),
        (
            "<a href='https://evil.test/'>www.bank.test</a>",
            "www.bank.test <https://evil.test/> (! leads to evil.test)",
        ),
        (
            "<a href='https://bank.test@evil.test/'>https://bank.test</a>",
            "https://bank.test <https://bank.test@evil.test/> (! leads to evil.test)",
        ),
        ("<a href='https://go.bank.test/'>bank.test</a>", "bank.test <https://go.bank.test/>"),
        ("<a href='https://files.test/1'>report.pdf</a>", "report.pdf <https://files.test/1>"),
    ] {
        assert_eq!(text(html), want, "{html}");
    }
    assert_eq!(to_text("<a href='https://x.test'>here</a>", Links::Hidden), "here");
}

#[test]
fn entities_and_odd_markup() {
    for (html, want) in [
        (
            "&lt;b&gt; &amp;amp; &#8364; &#x20AC; &hearts; &#150; &auml &nosuch; &",
            "<b> &amp; € € ♥ – ä &nosuch; &",
        ),
        ("1 < 2 and 3 <4", "1 < 2 and 3 <4"),
        ("a<b c='>'>d</b>", "ad"),
        ("<p", ""),
        ("</ >x<!>y<?z>w", "xyw"),
        ("<script>never ends", ""),
        ("x<!-- never ends", "x"),
        ("x<!--#rotate>y<!-- z>w", "xyw"),
        ("x<!-- a > b -->y<!--c>z", "xyz"),
        ("é<é>ü", "é<é>ü"),
    ] {
        assert_eq!(text(html), want, "{html}");
    }
}

#[test]
fn hostile_html_costs_its_length() {
    for piece in [
        "<div>",
        "<ul><li>",
        "<blockquote>x<br>",
        "<a href=x>",
        "</div>",
        "<table><tr><td>",
        "<!--",
        "&",
        "<p style='",
        "a=b ",
        "<b a=b c=d>",
        "</",
        "<script>",
        "&#",
        "<a href='https://x.test/'>y",
    ] {
        let html = piece.repeat(20_000);
        assert!(text(&html).len() <= OUTPUT + (1 << 20), "{piece}");
        let _ = text(&format!("<a {html}>x"));
    }
    assert_eq!(text(&format!("{}deep", "<div>".repeat(100_000))), "deep");
}
