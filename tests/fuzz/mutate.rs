//! New inputs from old ones: flips, cuts, copies, splices, and the words that break parsers.

use chapar_tests::sandbox::corpus::Dice;

/// Bytes an input may grow to.
const LONGEST: usize = 64 << 10;

/// Words that parsers stumble over.
const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"{0}\r\n",
    b"{5}\r\n",
    b"{4294967295}\r\n",
    b"{99999999999999999999}\r\n",
    b"~{3+}\r\n",
    b"(",
    b")",
    b"((((((((",
    b"\"",
    b"\\",
    b"\\\"",
    b"NIL",
    b"[",
    b"]",
    b"<",
    b">",
    b"*",
    b"+ ",
    b"0",
    b"-1",
    b"4294967295",
    b"4294967296",
    b"18446744073709551616",
    b"\xff\xfe",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xe2\x80\xae",
    b"&-",
    b"&AOk-",
    b"=?utf-8?q?=0d=0aBcc:_x?=",
    b"=?utf-8?b?",
    b"=?x?",
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"; charset=utf-7",
    b"--x--",
    b" OK [",
    b" BYE ",
    b"250-",
    b"354 ",
    b"421 ",
];

/// Some changes to `input`; `others` are spliced in.
pub(crate) fn mutated(dice: &mut Dice, input: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
    let mut out = input.to_vec();
    for _ in 0..=dice.below(6) {
        change(dice, &mut out, others);
    }
    out.truncate(LONGEST);
    out
}

fn change(dice: &mut Dice, out: &mut Vec<u8>, others: &[Vec<u8>]) {
    let at = dice.below(out.len() + 1);
    match dice.below(9) {
        0 if !out.is_empty() => {
            let at = dice.below(out.len());
            out[at] ^= 1 << dice.below(8);
        }
        1 if !out.is_empty() => {
            let at = dice.below(out.len());
            out[at] = byte(dice);
        }
        2 => insert(out, at, dice.pick::<&[u8]>(WORDS)),
        3 => {
            let end = (at + 1 + dice.below(40)).min(out.len());
            out.drain(at.min(end)..end);
        }
        4 => {
            let end = (at + 1 + dice.below(200)).min(out.len());
            let copy = out[at.min(end)..end].to_vec();
            for _ in 0..=dice.below(4) {
                insert(out, at, &copy);
            }
        }
        5 if !others.is_empty() => {
            let other = dice.pick(others);
            let from = dice.below(other.len() + 1);
            let to = (from + dice.below(400)).min(other.len());
            insert(out, at, &other[from..to]);
        }
        6 => out.truncate(at),
        7 => {
            let noise: Vec<u8> = (0..dice.below(30)).map(|_| byte(dice)).collect();
            insert(out, at, &noise);
        }
        _ => {
            let word = *dice.pick(WORDS);
            let end = (at + word.len()).min(out.len());
            out.splice(at.min(end)..end, word.iter().copied());
        }
    }
}

fn insert(out: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if out.len() + bytes.len() <= LONGEST {
        out.splice(at..at, bytes.iter().copied());
    }
}

/// Any byte, often a printable one.
fn byte(dice: &mut Dice) -> u8 {
    let drawn = (dice.roll() >> 20) as u8;
    if dice.chance(60) { b' ' + drawn % 95 } else { drawn }
}

/// Text out of letters that matter to mail.
pub(crate) fn text(dice: &mut Dice, longest: usize) -> String {
    const LETTERS: &[char] = &[
        'a', 'b', 'Z', '0', '9', ' ', '.', '@', '-', '_', '"', '\\', '<', '>', '(', ')', ',', ';',
        ':', '&', '=', '?', '+', '/', '%', '[', ']', 'é', 'ß', '日', '😀', '\u{202e}', '\u{feff}',
        '\u{85}', '\u{7f}', '\t', '\r', '\n', '\0', '\u{1b}',
    ];
    (0..dice.below(longest + 1)).map(|_| *dice.pick(LETTERS)).collect()
}

/// As [`text`], without control characters.
pub(crate) fn clean_text(dice: &mut Dice, longest: usize) -> String {
    text(dice, longest).chars().filter(|c| !c.is_control()).collect()
}
