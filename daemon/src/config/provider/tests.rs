#![expect(clippy::unwrap_used, reason = "tests")]
use crate::config::{Config, ConfigError};
use std::path::Path;

fn parse(settings: &str) -> Result<Config, ConfigError> {
    let text = format!("[log]\nlevel = 'info'\n\n[[provider]]\nkey = 'acme'\n{settings}\n");
    Config::parse(&text, Path::new("/c/config.toml"))
}

#[test]
fn a_whole_provider_is_read() {
    let config = parse(
        "name = 'Acme'\ndomains = ['Acme.example', 'acme.test']\nimap = 'imap.acme.example:993'\n\
         smtp = 'smtp.acme.example'\nissuer = 'https://id.acme.example/realms/mail'\n\
         authorize_url = 'https://id.acme.example/a?x=1'\ntoken_url = 'https://id.acme.example/t'\n\
         device_url = 'https://id.acme.example/d'\nrevoke_url = 'https://id.acme.example/r'\n\
         scopes = ['openid', 'https://mail.acme.example/']\nclient_id = '8f'\n\
         client_secret_file = 'secret'\nca_file = '/etc/acme.pem'\n\
         redirect_uri = 'http://localhost/callback'\nfiles_sent = true\n",
    )
    .unwrap();
    let entry = config.providers.first().unwrap();
    assert_eq!(entry.domains, ["acme.example", "acme.test"]);
    assert_eq!(entry.client_secret_file.as_deref(), Some(Path::new("/c/secret")));
    assert_eq!(entry.ca_file.as_deref(), Some(Path::new("/etc/acme.pem")));
}

#[test]
fn what_cannot_be_used_is_refused_by_name_and_line() {
    for (settings, says) in [
        ("key = 'two'", "duplicate key"),
        ("isuer = 'https://x.example'", "did you mean `issuer`"),
        ("issuer = 'http://x.example'", "issuer must be an address that begins with https://"),
        ("issuer = 'x.example'", "issuer must be"),
        ("issuer = 'https://a:b@x.example'", "issuer must be"),
        ("issuer = 'https://x.example/#a'", "issuer must be"),
        ("token_url = 'javascript:alert(1)'", "token_url must be"),
        ("authorize_url = 'file:///etc/passwd'", "authorize_url must be"),
        ("authorize_url = 'https://x.example'", "authorize_url and token_url belong together"),
        ("imap = 'imap.example:0'", "imap must be HOST or HOST:PORT"),
        ("imap = 'imap.example:99999'", "imap must be"),
        ("smtp = 'smtp.example/x'", "smtp must be"),
        ("smtp = ''", "smtp must be"),
        ("domains = ['a@b.example']", "is not a domain"),
        ("domains = ['']", "is not a domain"),
        ("client_id = ''", "client_id must be"),
        ("client_id = 'a b'", "client_id must be"),
        ("client_secret_file = 'x'", "client_secret_file needs a client_id"),
        ("scopes = ['openid email']", "scopes must be words"),
        ("redirect_uri = 'https://127.0.0.1/x'", "redirect_uri must be"),
        ("redirect_uri = 'http://127.0.0.1:80/x'", "redirect_uri must be"),
        ("redirect_uri = 'http://127.0.0.1.evil.example/x'", "redirect_uri must be"),
        ("redirect_uri = 'http://evil.example/'", "redirect_uri must be"),
        ("redirect_uri = 'http://127.0.0.1/x?y'", "redirect_uri must be"),
        ("files_sent = 'yes'", "invalid type"),
    ] {
        let error = parse(settings).unwrap_err();
        assert!(error.reason.contains(says), "{settings}: {error}");
        assert!(error.line.is_some_and(|line| line >= 4), "{settings}: {error}");
    }
    let long = format!("issuer = 'https://x.example/{}'", "a".repeat(3_000));
    assert!(parse(&long).unwrap_err().reason.contains("more than 2048 characters"));
}

#[test]
fn keys_are_words_and_unique() {
    let all = |text: &str| Config::parse(text, Path::new("/c/config.toml"));
    let error = all("[[provider]]\nname = 'x'\n").unwrap_err();
    assert!(error.reason.contains("key must be a word"), "{error}");
    let error = all("[[provider]]\nkey = 'a'\n[[provider]]\nkey = 'a'\n").unwrap_err();
    assert_eq!((error.line, error.reason.contains("is there twice")), (Some(3), true));
}

#[test]
fn a_file_that_is_not_there_is_named_when_the_configuration_is_loaded() {
    let folder = std::env::temp_dir().join(format!("chapar-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("config.toml");
    std::fs::write(
        &file,
        "\n[[provider]]\nkey = 'a'\nclient_id = 'x'\nclient_secret_file = 'secret'\n",
    )
    .unwrap();
    let error = Config::load(&file).unwrap_err();
    assert_eq!(error.line, Some(2));
    assert!(error.reason.starts_with("provider \"a\": client_secret_file "), "{error}");
    std::fs::write(folder.join("secret"), "s").unwrap();
    assert!(Config::load(&file).is_ok());
    std::fs::remove_dir_all(&folder).unwrap();
}
