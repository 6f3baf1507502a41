//! The words and people of the corpus.

/// Name and address of those who write.
pub(super) const PEOPLE: [(&str, &str); 12] = [
    ("Jürgen Müller", "juergen.mueller@mueller-gmbh.example"),
    ("Zoë Brontë", "zoe@letters.example"),
    ("山田 太郎", "taro.yamada@shisha.example"),
    ("Søren Ångström", "soren@lab.example"),
    ("Ada Byron", "ada.byron@engine.example"),
    ("François d'Aubigné", "francois@courrier.example"),
    ("Дарья Иванова", "darya@pochta.example"),
    ("Grace, the \"Admiral\"", "grace@navy.example"),
    ("Rust users", "rust-users@lists.example"),
    ("Billing", "no-reply@billing.example"),
    ("Mina Karimi", "mina@chapar.example"),
    ("Şebnem Güneş", "sebnem@posta.example"),
];

/// What they write about.
pub(super) const SUBJECTS: [&str; 14] = [
    "Angebot für die Anlage in Köln",
    "Lunch on Thursday?",
    "Invoice 2026-1043",
    "来週の打ち合わせについて",
    "Release plan",
    "Minutes of the meeting",
    "Your order has been shipped",
    "Quick question about the contract",
    "Re-check the measurements, please",
    "Photos from the trip 📷",
    "Statement for October",
    "Draft of chapter three",
    "A bug in the parser",
    "Willkommen im Team",
];

/// Sentences of their bodies.
pub(super) const SENTENCES: [&str; 16] = [
    "I looked at the numbers again and they hold.",
    "Could you send me the signed copy before Friday?",
    "Die Unterlagen liegen im Ordner auf dem Server, Größe und Maße stimmen.",
    "We moved the meeting to ten o'clock, the room stays the same.",
    "添付の資料をご確認ください。",
    "The second paragraph needs a source, otherwise it reads well.",
    "Nothing urgent, whenever you find the time.",
    "From here on the road is closed, take the one along the river.",
    "The price includes delivery and installation.",
    "Let me know if the link does not work: https://example.test/a?b=c&d=e",
    "Merci pour votre réponse rapide, à bientôt.",
    "I attached the plan, page four is the one that matters.",
    "It failed once in two hundred runs, with the seed printed below.",
    "Thanks for the quick turnaround!",
    ".A line that starts with a dot must survive the trip.",
    "See you there.",
];
