//! Code pages of DOS, which old programs still name: 437, 850, 852, and 858, which is 850 with a euro
//! sign. The Encoding Standard leaves them out because no web page is in them.

/// A code page: its characters from 0x80 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page(&'static str);

const PAGE_437: Page = Page(
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ\
     áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
     └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
     αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
);
const PAGE_850: Page = Page(
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ\
     áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
     └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀\
     ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
);
const PAGE_852: Page = Page(
    "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×č\
     áíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐\
     └┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀\
     ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}",
);

/// The euro sign of page 858 lies where page 850 has this letter.
const DOTLESS: char = 'ı';

/// The page of a name without punctuation, and whether it has a euro sign.
pub(super) fn named(bare: &str) -> Option<(Page, bool)> {
    let number =
        ["ibm00", "ibm", "cp00", "cp", "pc"].iter().find_map(|it| bare.strip_prefix(it))?;
    Some(match number {
        "437" => (PAGE_437, false),
        "850" => (PAGE_850, false),
        "852" => (PAGE_852, false),
        "858" => (PAGE_850, true),
        _ => return None,
    })
}

/// The text; every byte is a character.
pub(super) fn decode(bytes: &[u8], (Page(page), euro): (Page, bool)) -> String {
    let upper: Vec<char> = page.chars().collect();
    let one = |byte: &u8| match upper.get(usize::from(byte.wrapping_sub(0x80))) {
        Some(&DOTLESS) if euro => '€',
        Some(character) if !byte.is_ascii() => *character,
        _ => char::from(*byte),
    };
    bytes.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::{PAGE_437, PAGE_850, PAGE_852, decode, named};

    #[test]
    fn each_page_has_its_letters() {
        for page in [PAGE_437, PAGE_850, PAGE_852] {
            assert_eq!(page.0.chars().count(), 128);
        }
        for (name, bytes, want) in [
            ("cp437", &b"Gr\x81\xe1e \x9b5"[..], "Grüße ¢5"),
            ("ibm850", b"Gr\x81\xe1e \xd5", "Grüße ı"),
            ("ibm00858", b"5 \xd5", "5 €"),
            ("cp852", b"\x9d\xa2d\xab", "Łódź"),
        ] {
            assert_eq!(decode(bytes, named(name).unwrap()), want, "{name}");
        }
        assert_eq!((named("cp1252"), named("850")), (None, None));
    }
}
