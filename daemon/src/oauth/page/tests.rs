#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;

fn pages() -> Vec<String> {
    let admin = Failure::of(
        "oauth.admin_consent",
        "login.example refuses the sign-in: an administrator has to agree to this app",
        Some("access_denied: AADSTS90094: <b>no</b>"),
    );
    [
        Page::signed_in(Some("ana@contoso.example"), "ana@contoso.example", "login.example"),
        Page::signed_in(Some("bob@contoso.example"), "ana@contoso.example", "login.example"),
        Page::signed_in(None, "ana@contoso.example", "login.example"),
        Page::failed(&admin),
    ]
    .iter()
    .map(Page::response)
    .collect()
}

#[test]
fn a_page_loads_nothing_runs_nothing_and_is_kept_nowhere() {
    for page in pages() {
        let (head, document) = page.split_once("\r\n\r\n").unwrap();
        for header in [
            "Referrer-Policy: no-referrer",
            "Cache-Control: no-store",
            "Connection: close",
            "Content-Security-Policy: default-src 'none'; style-src 'sha256-",
            "frame-ancestors 'none'",
            "X-Content-Type-Options: nosniff",
        ] {
            assert!(head.contains(header), "{header}");
        }
        let length = format!("Content-Length: {}\r\n", document.len());
        assert!(format!("{head}\r\n").contains(&length));
        for word in ["<script", "src=", "href=", "url(", "@import", "http://", "https://", "style="]
        {
            assert!(!document.contains(word), "{word}");
        }
        assert_eq!(document.matches("<style>").count(), 1);
        let style = document.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        let hash = base64(Sha256::digest(style.as_bytes()).as_slice());
        assert!(head.contains(&format!("'sha256-{}'", *hash)));
    }
}

#[test]
fn what_others_said_is_text() {
    let evil = "<script>alert(1)</script>\"'&\u{202e}\r\nSet-Cookie: a";
    for page in [
        Page::signed_in(Some(evil), evil, evil).response(),
        Page::failed(&Failure::of("oauth.refused", evil, Some(evil))).response(),
    ] {
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
        assert!(!page.contains('\u{202e}') && !page.contains("\r\nSet-Cookie"));
    }
}

#[test]
fn the_words_fit_the_case() {
    let [same, other, nobody, failed] = pages().try_into().unwrap();
    assert!(same.contains("Signed in as<br><strong>ana@contoso.example</strong>"));
    assert!(same.contains("<title>Signed in as ana@contoso.example"));
    assert!(same.contains("close this tab and go back to your terminal"));
    assert!(other.contains("<strong>bob@contoso.example") && other.contains("mailbox <b>ana@"));
    assert!(nobody.contains("<h1>Signed in</h1>"));
    assert!(failed.contains("<h1>Your administrator has to agree first</h1>"));
    assert!(failed.contains("<p class=\"lead\">login.example refuses the sign-in: an "));
    assert!(failed.contains("AADSTS90094: &lt;b&gt;no&lt;/b&gt;"));
    assert!(failed.contains("chapar help oauth.admin_consent"));
}

/// Leaves the pages where they can be looked at, when asked: `CHAPAR_PAGES=DIR`.
#[test]
fn pages_to_look_at() {
    let Some(folder) = std::env::var_os("CHAPAR_PAGES") else { return };
    std::fs::create_dir_all(&folder).unwrap();
    for (page, name) in pages().iter().zip(["same", "other", "nobody", "failed"]) {
        let document = page.split_once("\r\n\r\n").unwrap().1;
        let folder = std::path::Path::new(&folder);
        std::fs::write(folder.join(format!("{name}.html")), document).unwrap();
        std::fs::write(folder.join(format!("{name}.http")), page).unwrap();
    }
}
