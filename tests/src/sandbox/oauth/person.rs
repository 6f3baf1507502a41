//! The person at the browser: follows an authorization address through sign-in, second factor and
//! consent to the redirect, and types device codes.
//!
//! A browser only as far as plain forms go, but a real client of real pages: it reads what it is
//! sent, follows redirects, keeps cookies and fills in what has a name it knows.

mod browser;
mod markup;

use super::MFA_CODE;
use super::form::Form;
use crate::sandbox::provider::Provider;
use browser::{Browser, FORM, Page, Road};

/// Pages a sign-in may have; more go in a circle.
const PAGES: usize = 20;

/// Which boxes are ticked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Boxes {
    /// All.
    All,
    /// None.
    None,
    /// Those with these values.
    Only(Vec<String>),
}

/// Somebody with an address and a password.
#[derive(Clone, Debug)]
pub struct Person {
    /// What is typed as the address.
    pub user: String,
    /// What is typed as the password.
    pub password: String,
    /// What is typed as the second factor.
    pub otp: String,
    /// What is ticked.
    pub boxes: Boxes,
    /// Whether the consent page is answered with yes.
    pub agrees: bool,
    road: Road,
}

/// A program at the issuer's other endpoints: forms in, status and body out.
#[derive(Clone, Debug)]
pub struct Client {
    road: Road,
}

impl Client {
    /// One that trusts the authorities in `ca_pem`.
    #[must_use]
    pub fn new(ca_pem: &str) -> Self {
        Self { road: Road::Tls(ca_pem.into()) }
    }

    /// One in the simulated world of `provider`.
    #[must_use]
    pub fn inside(provider: &Provider) -> Self {
        Self { road: Road::Pipe(Box::new(provider.clone())) }
    }

    /// GET.
    pub async fn get(&self, address: &str) -> Result<(u16, String), String> {
        let page = Browser::new(self.road.clone()).get(address).await?;
        Ok((page.status, page.body))
    }

    /// GET with a bearer token.
    pub async fn bear(&self, address: &str, token: &str) -> Result<(u16, String), String> {
        let mut browser = Browser::new(self.road.clone());
        browser.authorization = Some(format!("Bearer {token}"));
        let page = browser.get(address).await?;
        Ok((page.status, page.body))
    }

    /// POST of a form.
    pub async fn post(&self, address: &str, form: &Form) -> Result<(u16, String), String> {
        self.send(address, FORM, &form.encode()).await
    }

    /// POST of anything.
    pub async fn send(
        &self,
        address: &str,
        media_type: &str,
        body: &str,
    ) -> Result<(u16, String), String> {
        let mut browser = Browser::new(self.road.clone());
        let page = browser.load("POST", address, media_type, body).await?;
        Ok((page.status, page.body))
    }
}

/// Where the browser ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landing {
    /// The address in its address line, with code and state.
    pub address: String,
    /// Status of the page there.
    pub status: u16,
    /// The page there.
    pub body: String,
}

impl Person {
    /// A person whose browser trusts the authorities in `ca_pem`.
    #[must_use]
    pub fn new(user: &str, password: &str, ca_pem: &str) -> Self {
        Self::on(user, password, Road::Tls(ca_pem.into()))
    }

    /// A person in the simulated world of `provider`: no sockets but the one at the redirect.
    #[must_use]
    pub fn inside(user: &str, password: &str, provider: &Provider) -> Self {
        Self::on(user, password, Road::Pipe(Box::new(provider.clone())))
    }

    /// The same, who says no at the consent page.
    #[must_use]
    pub fn who_denies(self) -> Self {
        Self { agrees: false, ..self }
    }

    /// The same, who ticks these boxes only.
    #[must_use]
    pub fn who_ticks(self, boxes: Boxes) -> Self {
        Self { boxes, ..self }
    }

    fn on(user: &str, password: &str, road: Road) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
            otp: MFA_CODE.into(),
            boxes: Boxes::All,
            agrees: true,
            road,
        }
    }

    /// Signs in at `address` and loads the page that it ends at.
    pub async fn sign_in(&self, address: &str) -> Result<Landing, String> {
        let mut browser = Browser::new(self.road.clone());
        let address = self.walk(&mut browser, address).await?;
        let page = browser.get(&address).await?;
        Ok(Landing { address, status: page.status, body: page.body })
    }

    /// Signs in at `address` and stops before the page that it ends at, as a person does whose
    /// browser runs on another machine.
    pub async fn final_address(&self, address: &str) -> Result<String, String> {
        self.walk(&mut Browser::new(self.road.clone()), address).await
    }

    /// Types a device code at the page for it and agrees; gives the last page.
    pub async fn device(&self, page: &str, code: &str) -> Result<String, String> {
        let mut browser = Browser::new(self.road.clone());
        let mut page = browser.get(page).await?;
        for _ in 0..PAGES {
            if page.body.contains("id=\"done\"") {
                return Ok(page.body);
            }
            page = self.answer(&mut browser, &page, Some(code)).await?;
        }
        Err(format!("{PAGES} pages and no end"))
    }

    /// From page to page until one points away from the issuer.
    async fn walk(&self, browser: &mut Browser, address: &str) -> Result<String, String> {
        let mut page = browser.get(address).await?;
        for _ in 0..PAGES {
            page = match page.location.clone() {
                Some(next) if next.starts_with("https://") => browser.get(&next).await?,
                Some(next) => return Ok(next),
                None => self.answer(browser, &page, None).await?,
            };
        }
        Err(format!("{PAGES} pages and no end"))
    }

    /// Fills in the form of `page` and sends it.
    async fn answer(
        &self,
        browser: &mut Browser,
        page: &Page,
        code: Option<&str>,
    ) -> Result<Page, String> {
        if let Some(words) = markup::text_of(&page.body, "error") {
            return Err(format!("the page says: {words}"));
        }
        let form = markup::form(&page.body).ok_or_else(|| {
            format!("{} answered {} with a page without a form", page.address, page.status)
        })?;
        let mut filled = Form::default();
        for field in &form.fields {
            let value = match (field.name.as_str(), field.kind.as_str()) {
                ("login", _) => Some(self.user.as_str()),
                ("password", _) => Some(self.password.as_str()),
                ("otp", _) => Some(self.otp.as_str()),
                ("user_code", _) => code.or(Some(&field.value)),
                (_, "checkbox") => Some(field.value.as_str()).filter(|value| self.ticks(value)),
                _ => Some(field.value.as_str()),
            };
            filled.add_some(&field.name, value);
        }
        // only the consent page is answered with no: the way there is walked in any case
        let typed = ["login", "otp", "user_code"];
        let consent = !form.fields.iter().any(|field| typed.contains(&field.name.as_str()));
        let word = if consent && !self.agrees { "deny" } else { "allow" };
        let word = form.buttons.iter().find(|button| **button == word).or(form.buttons.first());
        filled.add_some("decision", word.map(String::as_str));
        browser.post(&page.address, &form.action, &filled.encode()).await
    }

    fn ticks(&self, value: &str) -> bool {
        match &self.boxes {
            Boxes::All => true,
            Boxes::None => false,
            Boxes::Only(ticked) => ticked.iter().any(|box_| box_ == value),
        }
    }
}
