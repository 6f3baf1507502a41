//! An example or two for each command, for `--help` and the manual pages.

/// The command line and what it does; the latter may be empty.
pub(crate) type Example = (&'static str, &'static str);

/// The examples of a command, named by its words (`mail list`); of `chapar` itself by no word.
pub(crate) fn of(path: &str) -> &'static [Example] {
    EXAMPLES.iter().find(|(name, _)| *name == path).map_or(&[], |(_, examples)| *examples)
}

const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "",
        &[
            ("chapar connect ana@example.org", "Connect a mailbox."),
            ("chapar", "Show what is going on."),
            ("chapar mail list", "List the newest mail."),
            ("chapar send --to bo@example.org --subject Hello -m 'See you at ten.'", ""),
        ],
    ),
    (
        "connect",
        &[
            ("chapar connect ana@example.org", "chapar finds the servers or the sign-in."),
            (
                "chapar connect ana@example.org --imap imap.example.org --smtp smtp.example.org",
                "You name the servers.",
            ),
            (
                "chapar connect ana@firm.example --ca-file firm-ca.pem",
                "Trust the firm's authority.",
            ),
            (
                "pass mail | chapar connect ana@example.org --password-stdin --no-input --json",
                "In a script: chapar asks nothing.",
            ),
        ],
    ),
    (
        "status",
        &[
            ("chapar status", ""),
            ("chapar status --watch", "Keep it on the screen."),
            ("chapar status --check", "In a script: exit 1 when something needs you."),
        ],
    ),
    (
        "watch",
        &[
            ("chapar watch --type email.received", "Only new mail."),
            ("chapar watch --json --since-file ~/.mail-cursor", "Miss nothing between two runs."),
            ("chapar watch --type email.received --exec -- notify-send -u low Mail", ""),
        ],
    ),
    ("mail", &[("chapar mail list", ""), ("chapar mail search invoice --since 30d", "")]),
    (
        "mail list",
        &[
            ("chapar mail list", "The newest mail."),
            ("chapar mail list --mailbox Archive --limit 100", ""),
            ("chapar mail list --page M42", "The page after that mail."),
            ("chapar mail list --all", "Every mailbox, not only the inbox."),
            ("chapar mail list --unread -a work", "What is unread in one account."),
        ],
    ),
    (
        "mail show",
        &[
            ("chapar mail show M42", ""),
            ("chapar mail show M42 --headers", ""),
            ("chapar mail show M42 --html", "Its HTML in the browser, made safe."),
        ],
    ),
    (
        "mail search",
        &[
            ("chapar mail search invoice march", "Mails with both words."),
            ("chapar mail search --from bo@example.org --since 7d", "Of the last seven days."),
        ],
    ),
    ("mail thread", &[("chapar mail thread M42", "The conversation that this mail is in.")]),
    ("mail attachments", &[("chapar mail attachments M42", "")]),
    (
        "mail save",
        &[
            ("chapar mail save M42", "All of them, into this directory."),
            ("chapar mail save M42 2 3 -d ~/Documents", "The second and the third one."),
        ],
    ),
    ("mail open", &[("chapar mail open M42", ""), ("chapar mail open M42 2", "The second one.")]),
    (
        "mail export",
        &[
            ("chapar mail export M42 -o offer.eml", ""),
            ("chapar mail export M42 | less", "As the server holds it."),
        ],
    ),
    (
        "send",
        &[
            ("chapar send --to bo@example.org --subject Hello -m 'See you at ten.'", ""),
            (
                "chapar send --to bo@example.org -s Offer --text a.txt --attach a.pdf --wait",
                "Wait for the server's answer.",
            ),
            ("date | chapar send --to bo@example.org --subject Date --text -", "Text from a pipe."),
            ("chapar send --reply-to M42 --message 'Yes, gladly.'", "Answer a mail."),
            ("chapar send --to bo@example.org -s Later -m Hello --at +2h", "In two hours."),
        ],
    ),
    ("outbox", &[("chapar outbox list", ""), ("chapar outbox cancel S7", "")]),
    ("outbox list", &[("chapar outbox list --open", "Only what is not finished.")]),
    ("outbox show", &[("chapar outbox show S7", "Recipient by recipient.")]),
    ("outbox cancel", &[("chapar outbox cancel S7", "")]),
    ("outbox retry", &[("chapar outbox retry S7", "")]),
    (
        "outbox resolve",
        &[
            ("chapar outbox resolve S7 --sent", "You saw it arrive."),
            ("chapar outbox resolve S7 --resend", "It did not arrive: send it again."),
        ],
    ),
    ("account", &[("chapar account list", ""), ("chapar account reconnect work", "")]),
    ("account list", &[("chapar account list", "")]),
    ("account show", &[("chapar account show work", "")]),
    (
        "account update",
        &[
            ("chapar account update work --password", "Give the new password."),
            ("chapar account update work --imap imap.example.org --smtp smtp.example.org", ""),
            ("chapar account update work --display-name 'Ana Byrne'", ""),
        ],
    ),
    (
        "account reconnect",
        &[
            ("chapar account reconnect work", "Sign in anew."),
            ("chapar account reconnect work --password", "Move to a password."),
        ],
    ),
    ("account rename", &[("chapar account rename ana work", "")]),
    ("account pause", &[("chapar account pause work", "")]),
    ("account resume", &[("chapar account resume work", "")]),
    (
        "account remove",
        &[
            ("chapar account remove work --dry-run", "Show what would go."),
            ("chapar account remove work --confirm work", "Without being asked."),
        ],
    ),
    (
        "sync",
        &[
            ("chapar sync", "Every account."),
            ("chapar sync work --wait", "End when the sync has ended."),
        ],
    ),
    (
        "doctor",
        &[
            ("chapar doctor", ""),
            ("chapar doctor work --json", ""),
            ("chapar doctor --fix --dry-run", "Show what could be mended."),
            ("chapar doctor --bundle chapar-bundle.json", "A file for whoever helps you."),
        ],
    ),
    (
        "logs",
        &[
            ("chapar logs --follow", "Keep showing what comes."),
            ("chapar logs --since 1h --level warn", ""),
            ("chapar logs -a work", "Only what is about one account."),
        ],
    ),
    ("service", &[("chapar service install", ""), ("chapar service status", "")]),
    (
        "service install",
        &[
            ("chapar service install", "Start chapard now and at every login."),
            ("chapar service install --dry-run", "Show which files would be written."),
        ],
    ),
    ("service uninstall", &[("chapar service uninstall", "")]),
    ("service start", &[("chapar service start", "")]),
    ("service stop", &[("chapar service stop", "")]),
    ("service restart", &[("chapar service restart", "")]),
    ("service status", &[("chapar service status", "")]),
    (
        "config",
        &[
            ("chapar config get", "Every setting, its value and where the value comes from."),
            ("chapar config set sync.window 5000", ""),
        ],
    ),
    ("config path", &[("chapar config path", "")]),
    (
        "config get",
        &[
            ("chapar config get", "Every setting, its value and where the value comes from."),
            ("chapar config get sync.window", "One value alone."),
        ],
    ),
    (
        "config set",
        &[
            ("chapar config set log.level debug", ""),
            ("chapar config set desktop.notify false --dry-run", "Show the file as it would be."),
        ],
    ),
    ("config edit", &[("chapar config edit", "")]),
    ("config check", &[("chapar config check", "")]),
    ("data", &[("chapar data forget --all --dry-run", "List what would go.")]),
    (
        "data forget",
        &[
            ("chapar data forget work", "Only the mirrored mail of one account."),
            ("chapar data forget --all --dry-run", "List what would go."),
        ],
    ),
    (
        "token",
        &[
            ("chapar token work | head -c 8", "The token goes into a pipe."),
            ("chapar token work --valid 10m | msmtp-token", ""),
        ],
    ),
    ("call", &[("chapar call status", ""), ("chapar call Email/query '{\"limit\": 5}'", "")]),
    ("socket", &[("chapar socket", "")]),
    (
        "completions",
        &[
            ("chapar completions bash > ~/.local/share/bash-completion/completions/chapar", ""),
            ("chapar completions zsh > ~/.zfunc/_chapar", "With ~/.zfunc in $fpath."),
            ("chapar completions fish > ~/.config/fish/completions/chapar.fish", ""),
        ],
    ),
    (
        "man",
        &[
            ("chapar man | man -l -", "The main page."),
            ("chapar man mail list | man -l -", ""),
            ("chapar man --out ~/.local/share/man/man1", "Every page, for man(1) to find."),
        ],
    ),
    (
        "help",
        &[
            ("chapar help mail list", "A command."),
            ("chapar help tls.expired", "The code of an error."),
            ("chapar help codes", "Every code."),
        ],
    ),
];
