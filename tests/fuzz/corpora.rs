//! The public mails, as they are: nothing in them may panic, and reading them has a price in time.

use crate::driver::Work;
use crate::samples::corpus;
use chapar_engine::message::{body, part, summarise};
use std::time::Duration;

/// The promise for optimised code, a megabyte.
const OPTIMISED: Duration = Duration::from_millis(50);
/// What unoptimised code may take: it is ten to twenty times slower.
const UNOPTIMISED: Duration = Duration::from_secs(1);
/// Mails below this size say nothing about time a megabyte.
const WORTH_TIMING: usize = 16 << 10;

fn price(bytes: usize, took: Duration) -> Duration {
    Duration::from_secs_f64(took.as_secs_f64() * f64::from(1 << 20) / bytes.max(1) as f64)
}

/// Everything that is read of one mail when it is shown; how long that takes at best of three.
fn read(bytes: &[u8]) -> Duration {
    let once = || {
        let work = Work::begin();
        let summary = summarise(bytes, true);
        let shown = body(bytes);
        assert!(shown.attachments.iter().all(|listed| part(bytes, listed.index).is_some()));
        std::hint::black_box(summary);
        work.so_far()
    };
    (0..3).map(|_| once()).min().unwrap_or_default()
}

#[test]
fn mime() {
    let limit = if cfg!(debug_assertions) { UNOPTIMISED } else { OPTIMISED };
    let mut files = corpus("mime");
    files.extend(corpus("bounces"));
    files.extend(corpus("reply-trimmer"));
    // one large mail of each kind that is dear to read, whether or not the corpora are here
    for (name, head, line) in [
        (
            "own: base64",
            "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n",
            "iVBORw0KGgoAAAANSUhEUgAA\r\n",
        ),
        ("own: quoted", "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "caf=C3=A9 =\r\n"),
        ("own: header", "", "To: =?utf-8?q?caf=C3=A9?= <a@b.c>, \"x\" <d@e.f>,\r\n"),
        ("own: html", "Content-Type: text/html\r\n\r\n", "<div><p>x &amp; y</div>\r\n"),
        ("own: parts", "Content-Type: multipart/mixed; boundary=x\r\n\r\n", "--x\r\n\r\ntext\r\n"),
    ] {
        files.push((
            name.into(),
            format!("{head}{}", line.repeat((1 << 20) / line.len())).into_bytes(),
        ));
    }
    let (mut all, mut total) = (0, Duration::ZERO);
    let mut dear: Vec<(Duration, String)> = Vec::new();
    for (path, bytes) in &files {
        let took = read(bytes);
        all += bytes.len();
        total += took;
        if bytes.len() >= WORTH_TIMING {
            dear.push((price(bytes.len(), took), path.display().to_string()));
        }
    }
    dear.sort();
    let (dearest, name) = dear.last().unwrap();
    println!(
        "mime: {} mails, {} KiB, {:.1} ms a MB over all, at most {:.1} ms a MB ({name}), {}",
        files.len(),
        all >> 10,
        price(all, total).as_secs_f64() * 1e3,
        dearest.as_secs_f64() * 1e3,
        if cfg!(debug_assertions) { "unoptimised" } else { "optimised" },
    );
    assert!(*dearest <= limit, "{name}: {dearest:?} a MB, {limit:?} allowed");
}
