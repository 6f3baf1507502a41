//! A sign-in at the issuer: the address shown, the browser opened, the final address taken.

use chapar_ipc_protocol::connect::{AccountConnectAnswer, SignInPrompt};
use chapar_ipc_protocol::id::ConnectId;
use chapar_ipc_protocol::secret::Secret;
use serde_json::json;

use super::browser::{self, Opened};
use crate::ask::{self, Meanwhile};
use crate::daemon::Daemon;
use crate::error::Fault;
use crate::screen::{Form, Line, Screen, Style};

/// What the final address is asked for by.
const PROMPT: &str = "address>";

/// One sign-in as the person sees it.
///
/// Whatever ends it, nothing else is told behind its prompt.
pub(super) struct SignIn<'s> {
    screen: &'s Screen,
    /// The address shown last: a new one is shown when the page has to be opened again.
    shown: Option<String>,
    /// No browser is to be opened.
    paste: bool,
    /// The cursor stands behind a prompt.
    prompted: bool,
    /// What was typed behind it so far.
    typed: Meanwhile,
}

impl Drop for SignIn<'_> {
    fn drop(&mut self) {
        self.leave_prompt();
    }
}

impl<'s> SignIn<'s> {
    /// Nothing is shown yet.
    pub(super) fn new(screen: &'s Screen, paste: bool) -> Self {
        Self { screen, shown: None, paste, prompted: false, typed: Meanwhile::default() }
    }

    /// Shows what to do, once for each address, and opens the browser.
    pub(super) fn show(&mut self, prompt: &SignInPrompt) -> Result<(), Fault> {
        let screen = self.screen;
        if self.shown.as_ref() == Some(&prompt.authorize_url) {
            return Ok(());
        }
        let again = self.shown.replace(prompt.authorize_url.clone()).is_some();
        if screen.form == Form::Json {
            screen.object("connect.signIn", json!({"signIn": prompt}))?;
            return screen.flush();
        }
        if !again {
            screen.say(&Line::of(format!(
                "You sign in at {}; chapar never sees your password.",
                issuer_name(&prompt.issuer)
            )));
            screen.say(&Line::new());
        }
        let opened = self.open_browser(&prompt.authorize_url);
        screen.say(&Line::of(if opened {
            "Opening your browser. If nothing opens, use this address on any computer:"
        } else {
            "Open this address in a browser:"
        }));
        screen.say(&Line::new());
        // alone and unbroken, so that it can be selected whole
        screen.say(&Line::of(prompt.authorize_url.clone()));
        screen.say(&Line::new());
        if let (Some(code), Some(uri)) = (&prompt.user_code, &prompt.verification_uri) {
            let text = Line::of("Or on any device, type ")
                .with(Style::Strong, code.clone())
                .text(format!(" at {uri}"));
            screen.say(&text);
            screen.say(&Line::new());
        }
        tell_waiting(screen, prompt, opened);
        if !opened {
            self.ask();
        }
        Ok(())
    }

    /// Opens the browser unless nobody wants that; says why where one should be there and is not.
    fn open_browser(&self, url: &str) -> bool {
        if self.paste {
            return false;
        }
        match browser::open(url) {
            Opened::Yes => true,
            Opened::NotHere => false,
            Opened::Failed(why) => {
                for sentence in &why {
                    self.screen.caution(sentence);
                }
                false
            }
        }
    }

    /// Asks for the final address; other ways of signing in stay open meanwhile.
    fn ask(&mut self) {
        if self.screen.asks {
            ask::begin(self.screen, PROMPT);
            self.prompted = true;
        }
    }

    /// Takes the prompt away before something else is told.
    pub(super) fn leave_prompt(&mut self) {
        if std::mem::take(&mut self.prompted) {
            self.screen.clear_line();
        }
    }

    /// Takes what was typed meanwhile, if it is a final address; the daemon judges it.
    pub(super) fn take_pasted(&mut self, daemon: &mut Daemon, connect_id: &ConnectId) {
        let screen = self.screen;
        if !screen.asks || self.shown.is_none() {
            return;
        }
        let Some(line) = ask::typed(&mut self.typed) else { return };
        // the end of the line was typed too
        let asked = std::mem::take(&mut self.prompted);
        let address = line.trim();
        if address.is_empty() {
            if asked {
                self.ask();
            }
            return;
        }
        let answer = AccountConnectAnswer {
            connect_id: connect_id.clone(),
            address: Secret::new(address.to_owned()),
        };
        if let Err(fault) = daemon.call(&answer) {
            screen.caution(&fault.message);
            screen.say(&Line::of("Copy the whole address the browser ends at, and paste it here."));
            if asked {
                self.ask();
            }
        }
    }
}

fn tell_waiting(screen: &Screen, prompt: &SignInPrompt, opened: bool) {
    let port = prompt.port;
    let forward = format!("ssh -N -L {port}:127.0.0.1:{port} this-host");
    // nothing can be pasted where nothing is read
    if !screen.asks {
        if !opened {
            let text = "From another computer, first run there:";
            screen.say(&Line::of(format!("{text}  {forward}")));
        }
        screen.say(&Line::of("Waiting … Ctrl-C cancels."));
        return;
    }
    if opened {
        screen.say(&Line::of(
            "Waiting … you may also paste the address the browser ends at. Ctrl-C cancels.",
        ));
        return;
    }
    let here =
        if browser::is_remote() { "This shell is remote, so" } else { "Here is no browser:" };
    let text = format!(
        "{here} open the address above where you are. At the end the browser says that 127.0.0.1 or \
         localhost refused to connect. That is expected: copy the address it ends at and paste it \
         here."
    );
    screen.tell(&text);
    screen.say(&Line::of(format!("(Or first run on your computer:  {forward})")));
}

/// The host of the issuer: what the person sees in the browser.
fn issuer_name(issuer: &str) -> &str {
    let host = issuer.strip_prefix("https://").unwrap_or(issuer);
    host.split('/').next().unwrap_or(host)
}
