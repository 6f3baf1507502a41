//! Accounts, identities, mailboxes.

use super::Stored;
use crate::store::Identity;
use chapar_engine::account::{Account, Endpoint, NotifyBy, Security};
use chapar_engine::address::Address;
use chapar_engine::credential::{Auth, Grant, Issuer};
use chapar_engine::id::{AccountId, IdentityId, MailboxId};
use chapar_engine::mailbox::{Mailbox, Role, ServerState};
use chapar_engine::time::Wall;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct EndpointRow {
    host: String,
    port: u16,
    start_tls: bool,
}

impl EndpointRow {
    fn of(endpoint: &Endpoint) -> Self {
        Self {
            host: endpoint.host.clone(),
            port: endpoint.port,
            start_tls: endpoint.security == Security::StartTls,
        }
    }

    fn endpoint(self) -> Endpoint {
        Endpoint {
            host: self.host,
            port: self.port,
            security: if self.start_tls { Security::StartTls } else { Security::Tls },
        }
    }
}

#[derive(Serialize, Deserialize)]
struct GrantRow {
    issuer: String,
    authorize_url: String,
    token_url: String,
    device_url: Option<String>,
    revoke_url: Option<String>,
    register_url: Option<String>,
    says_iss: bool,
    client_id: String,
    scopes: Vec<String>,
}

impl GrantRow {
    fn of(grant: &Grant) -> Self {
        let issuer = grant.issuer.clone();
        Self {
            issuer: issuer.id,
            authorize_url: issuer.authorize_url,
            token_url: issuer.token_url,
            device_url: issuer.device_url,
            revoke_url: issuer.revoke_url,
            register_url: issuer.register_url,
            says_iss: issuer.says_iss,
            client_id: grant.client_id.clone(),
            scopes: grant.scopes.clone(),
        }
    }

    fn grant(self) -> Grant {
        let issuer = Issuer {
            id: self.issuer,
            authorize_url: self.authorize_url,
            token_url: self.token_url,
            device_url: self.device_url,
            revoke_url: self.revoke_url,
            register_url: self.register_url,
            says_iss: self.says_iss,
        };
        Grant { issuer, client_id: self.client_id, scopes: self.scopes }
    }
}

/// Version 2: how it signs in, how its servers were found.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct AccountRow {
    settings: SettingsRow,
    grant: Option<GrantRow>,
    found_by: Option<String>,
    slot: u32,
}

/// All there was in version 1.
#[derive(Serialize, Deserialize)]
struct SettingsRow {
    id: u64,
    name: String,
    email: String,
    provider: String,
    imap: EndpointRow,
    smtp: EndpointRow,
    user: String,
    ca_pem: Option<String>,
    paused: bool,
    window: u32,
    notify: u8,
    created_at: i64,
    first_synced_at: Option<i64>,
}

impl Stored for Account {
    const VERSION: u8 = 2;
    type Row = AccountRow;

    fn to_row(&self) -> AccountRow {
        let settings = SettingsRow {
            id: self.id.0,
            name: self.name.clone(),
            email: self.email.clone(),
            provider: self.provider.clone(),
            imap: EndpointRow::of(&self.imap),
            smtp: EndpointRow::of(&self.smtp),
            user: self.user.clone(),
            ca_pem: self.ca_pem.clone(),
            paused: self.paused,
            window: self.window,
            notify: match self.notify {
                NotifyBy::Desktop => 0,
                NotifyBy::Mail => 1,
                NotifyBy::None => 2,
            },
            created_at: self.created_at.0,
            first_synced_at: self.first_synced_at.map(|at| at.0),
        };
        AccountRow {
            settings,
            grant: self.auth.grant().map(GrantRow::of),
            found_by: self.found_by.clone(),
            slot: self.slot,
        }
    }

    fn from_row(AccountRow { settings: row, grant, found_by, slot }: AccountRow) -> Option<Self> {
        Some(Self {
            auth: grant.map_or(Auth::Password, |row| Auth::Grant(row.grant())),
            found_by,
            slot,
            id: AccountId(row.id),
            name: row.name,
            email: row.email,
            provider: row.provider,
            imap: row.imap.endpoint(),
            smtp: row.smtp.endpoint(),
            user: row.user,
            ca_pem: row.ca_pem,
            paused: row.paused,
            window: row.window,
            notify: match row.notify {
                0 => NotifyBy::Desktop,
                1 => NotifyBy::Mail,
                2 => NotifyBy::None,
                _ => return None,
            },
            created_at: Wall(row.created_at),
            first_synced_at: row.first_synced_at.map(Wall),
        })
    }

    fn from_old(version: u8, payload: &[u8]) -> Option<Self> {
        let settings = (version == 1).then(|| postcard::from_bytes(payload).ok()).flatten()?;
        Self::from_row(AccountRow { settings, grant: None, found_by: None, slot: 0 })
    }
}

/// Name and address.
type AddressRow = (Option<String>, String);

fn address_rows(list: &[Address]) -> Vec<AddressRow> {
    list.iter().map(|it| (it.name.clone(), it.email.clone())).collect()
}

fn addresses(rows: Vec<AddressRow>) -> Vec<Address> {
    rows.into_iter().map(|(name, email)| Address { name, email }).collect()
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct IdentityRow {
    id: u64,
    account: u64,
    name: Option<String>,
    email: String,
    reply_to: Vec<AddressRow>,
    bcc: Vec<AddressRow>,
    text_signature: String,
    html_signature: String,
}

impl Stored for Identity {
    const VERSION: u8 = 2;
    type Row = IdentityRow;

    fn to_row(&self) -> IdentityRow {
        IdentityRow {
            id: self.id.0,
            account: self.account.0,
            name: self.name.clone(),
            email: self.email.clone(),
            reply_to: address_rows(&self.reply_to),
            bcc: address_rows(&self.bcc),
            text_signature: self.text_signature.clone(),
            html_signature: self.html_signature.clone(),
        }
    }

    fn from_row(row: IdentityRow) -> Option<Self> {
        Some(Self {
            id: IdentityId(row.id),
            account: AccountId(row.account),
            name: row.name,
            email: row.email,
            reply_to: addresses(row.reply_to),
            bcc: addresses(row.bcc),
            text_signature: row.text_signature,
            html_signature: row.html_signature,
        })
    }
}

/// An identity of schema 1, before it had Reply-To and Bcc.
pub(in crate::store) struct IdentityOf1(pub(in crate::store) Identity);

impl Stored for IdentityOf1 {
    type Row = (u64, u64, Option<String>, String, String, String);

    fn to_row(&self) -> Self::Row {
        let Identity { id, account, name, email, text_signature, html_signature, .. } = &self.0;
        let texts = (text_signature.clone(), html_signature.clone());
        (id.0, account.0, name.clone(), email.clone(), texts.0, texts.1)
    }

    fn from_row((id, account, name, email, text, html): Self::Row) -> Option<Self> {
        Some(Self(Identity {
            id: IdentityId(id),
            account: AccountId(account),
            name,
            email,
            reply_to: Vec::new(),
            bcc: Vec::new(),
            text_signature: text,
            html_signature: html,
        }))
    }
}

/// uidvalidity, uidnext, modseq, exists, unseen.
type ServerRow = (u32, u32, Option<u64>, u32, Option<u32>);

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct MailboxRow {
    id: u64,
    account: u64,
    name: String,
    wire_name: String,
    separator: Option<char>,
    role: Option<u8>,
    selectable: bool,
    subscribed: bool,
    server: Option<ServerRow>,
    planned: bool,
}

/// Place in this list = number in the record.
const ROLES: [Role; 9] = [
    Role::Inbox,
    Role::Drafts,
    Role::Sent,
    Role::Junk,
    Role::Trash,
    Role::Archive,
    Role::All,
    Role::Flagged,
    Role::Important,
];

impl Stored for Mailbox {
    type Row = MailboxRow;

    fn to_row(&self) -> MailboxRow {
        let number = |role| ROLES.iter().position(|known| *known == role);
        MailboxRow {
            id: self.id.0,
            account: self.account.0,
            name: self.name.clone(),
            wire_name: self.wire_name.clone(),
            separator: self.separator,
            role: self.role.and_then(number).and_then(|at| u8::try_from(at).ok()),
            selectable: self.selectable,
            subscribed: self.subscribed,
            server: self
                .server
                .map(|it| (it.uidvalidity, it.uidnext, it.modseq, it.exists, it.unseen)),
            planned: self.planned,
        }
    }

    fn from_row(row: MailboxRow) -> Option<Self> {
        let role = match row.role {
            Some(number) => Some(*ROLES.get(usize::from(number))?),
            None => None,
        };
        Some(Self {
            id: MailboxId(row.id),
            account: AccountId(row.account),
            name: row.name,
            wire_name: row.wire_name,
            separator: row.separator,
            role,
            selectable: row.selectable,
            subscribed: row.subscribed,
            server: row.server.map(|(uidvalidity, uidnext, modseq, exists, unseen)| ServerState {
                uidvalidity,
                uidnext,
                modseq,
                exists,
                unseen,
            }),
            planned: row.planned,
        })
    }
}
