//! Signing in by OAuth: what providers refuse, and how to register a client of one's own.

use super::Page;
use crate::error::exit::{BAD_DATA, CONFIG, NO_PERMISSION, TEMPORARY, UNAVAILABLE};

/// The pages of the sign-in.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "oauth.no_client",
        exit: CONFIG,
        title: "No client id is known for this provider",
        why: "A program that signs people in has to be registered with the provider, which gives \
              it a client id. This build has none for this provider, the configuration names none, \
              and the provider does not register programs by itself. chapar never uses the id of \
              another program.",
        what: &[
            "Register one of your own, once; it takes five minutes: see chapar help oauth.client.",
            "Then connect with --client-id ID, and --client-secret-file FILE where there is a \
             secret.",
            "For every account of a company: put both into a [[provider]] of the configuration.",
            "Or connect with an app password, where the provider still gives them.",
        ],
        commands: &["chapar connect ADDRESS --client-id ID"],
    },
    Page {
        code: "oauth.client",
        exit: CONFIG,
        title: "The provider refuses the client id",
        why: "The provider knows the program under this client id not at all, not any more, or not \
              for this way of signing in. Nothing was saved. How to register one of your own, \
              click by click:",
        what: &[
            "Google 1: console.cloud.google.com, New project, name it chapar.",
            "Google 2: APIs and services, Library, Gmail API, Enable.",
            "Google 3: Google Auth Platform, Get started; Audience External, or Internal in a \
             Workspace.",
            "Google 4: Data access, Add scopes, enter https://mail.google.com/ and save.",
            "Google 5: Audience, Publish app, so that it is In production. In Testing every \
             sign-in ends after seven days.",
            "Google 6: Clients, Create client, Desktop app. Save the secret into a file that only \
             you can read.",
            "Google 7: connect with --client-id and --client-secret-file. At the warning: \
             Advanced, then go on.",
            "Microsoft 1: entra.microsoft.com, App registrations, New registration, name it \
             chapar.",
            "Microsoft 2: Accounts in any organizational directory and personal Microsoft \
             accounts.",
            "Microsoft 3: Redirect URI of the kind Public client/native: http://localhost, then \
             Register.",
            "Microsoft 4: Authentication, Advanced settings, Allow public client flows: Yes.",
            "Microsoft 5: API permissions, Add, Microsoft Graph, Delegated: \
             IMAP.AccessAsUser.All, SMTP.Send, offline_access, openid, email. In a company an \
             administrator grants consent there.",
            "Microsoft 6: Overview, copy the Application (client) ID; connect with --client-id. \
             There is no secret.",
            "Others: a public native client with PKCE, redirect http://127.0.0.1/callback with \
             any port.",
        ],
        commands: &["chapar connect ADDRESS --client-id ID"],
    },
    Page {
        code: "oauth.denied",
        exit: NO_PERMISSION,
        title: "The sign-in was declined",
        why: "On the provider's page somebody chose Cancel or Deny. Nothing was saved and nothing \
              changed.",
        what: &[
            "Connect again and agree.",
            "Or connect with an app password, where the provider still gives them.",
        ],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "oauth.missing_scope",
        exit: NO_PERMISSION,
        title: "A permission was not granted",
        why: "The provider let chapar sign in but not open mail: on its page a box was not ticked. \
              Without it mail can neither be read nor sent, so nothing was saved.",
        what: &[
            "Open the page again and tick every box.",
            "If there is no box: the client id lacks the permission; see chapar help \
             oauth.client.",
        ],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "oauth.admin_consent",
        exit: NO_PERMISSION,
        title: "Your administrator has to agree first",
        why: "Your organization lets people use only programs that an administrator has agreed to. \
              Since the end of 2025 Microsoft asks for this by default for every mail program that \
              is not on its short list.",
        what: &[
            "Send the link in the message to your administrator. One click there is enough for \
             everybody.",
            "Then connect again.",
            "Or use an app of your company's own, with --client-id.",
        ],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "oauth.policy",
        exit: NO_PERMISSION,
        title: "Your organization forbids this sign-in",
        why: "A rule of your organization refuses this program, this device, or this way of \
              signing in (Conditional Access, app access control). The sign-in code is often \
              forbidden where the browser is not.",
        what: &[
            "Connect without --device.",
            "Ask your administrator to allow chapar, or to name an app that is allowed and use it \
             with --client-id.",
        ],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "oauth.no_refresh_token",
        exit: NO_PERMISSION,
        title: "The sign-in would not last",
        why: "The provider gave access for an hour but nothing to renew it with, so you would be \
              asked again every hour. Nothing was saved.",
        what: &[
            "Google: remove chapar under Third-party apps of your Google account, then connect \
             again.",
            "A client of your own: it has to be allowed the scope offline_access.",
        ],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "oauth.code",
        exit: TEMPORARY,
        title: "The sign-in has to be repeated",
        why: "The code that the browser brought was used before or came too late, or the provider \
              wants another step from you. Nothing was saved.",
        what: &[
            "Connect again, and finish the page within a few minutes.",
            "Paste an address only once, and only the newest.",
        ],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "oauth.state",
        exit: BAD_DATA,
        title: "This address is of another sign-in",
        why: "Every sign-in has a secret word in its address. The one in the pasted address is not \
              that of the sign-in that waits now. The sign-in goes on waiting.",
        what: &[
            "Paste the address at which the browser ended just now.",
            "Or open the page again from the link shown.",
        ],
        commands: &[],
    },
    Page {
        code: "oauth.pasted",
        exit: BAD_DATA,
        title: "This is not the address the browser ended at",
        why: "The address that is needed has code= and state= in it. It is the one in the address \
              bar after you agreed, also when the page there says that it cannot be reached. The \
              sign-in goes on waiting.",
        what: &["Copy the whole address from the address bar and paste it."],
        commands: &[],
    },
    Page {
        code: "oauth.issuer",
        exit: NO_PERMISSION,
        title: "The answer came from another issuer",
        why: "The sign-in was begun with one provider and answered in the name of another, or of \
              nobody although the provider promises its name. Nothing was sent there and nothing \
              was saved. Somebody may be tampering.",
        what: &[
            "Connect again, from another network if you can.",
            "With --issuer: give it exactly as the provider names itself.",
        ],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "oauth.timeout",
        exit: TEMPORARY,
        title: "Nobody signed in in time",
        why: "The page waited for ten minutes. Nothing was saved.",
        what: &[
            "Connect again when you have the time.",
            "If the page could not be opened: copy the link into a browser on any computer, and \
             paste the address it ends at.",
        ],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "oauth.refused",
        exit: NO_PERMISSION,
        title: "The provider refuses the sign-in",
        why: "The provider's own words are shown with the error; chapar knows no more about them. \
              Nothing was saved.",
        what: &[
            "Look for those words in the provider's help.",
            "Or connect with an app password, where the provider still gives them.",
        ],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "oauth.unavailable",
        exit: TEMPORARY,
        title: "The sign-in service does not answer as one",
        why: "Something else than the provider's sign-in service answered: a page of a hotel or a \
              proxy, or a server in trouble. That never ends a sign-in that you have made before.",
        what: &[
            "Open any web page: does this network ask for a sign-in of its own?",
            "Try again in a minute.",
        ],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "oauth.throttled",
        exit: TEMPORARY,
        title: "The sign-in service asks to slow down",
        why: "There were too many sign-ins from here in a short time.",
        what: &["Wait a few minutes, then try again."],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "oauth.metadata",
        exit: CONFIG,
        title: "What the issuer says of itself cannot be used",
        why: "A provider publishes at a known address how one signs in with it. There is nothing \
              there, or it is not what the standards ask for: https addresses, the code flow, PKCE \
              with S256.",
        what: &[
            "Check the address given with --issuer.",
            "If it is right, tell the provider; the message says what is missing.",
        ],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "oauth.answer",
        exit: NO_PERMISSION,
        title: "The token answer cannot be used",
        why: "The provider answered the last step with something that is no token of the kind the \
              standards describe. Nothing was saved.",
        what: &[
            "Tell the provider; the message says which part it is.",
            "Or connect with an app password, where the provider still gives them.",
        ],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "oauth.listen",
        exit: UNAVAILABLE,
        title: "The page for the sign-in cannot be opened",
        why: "The browser comes back to a page on this machine, at 127.0.0.1. No port for it could \
              be had there.",
        what: &[
            "Check what forbids it: a sandbox, a container, a limit of open files.",
            "Or sign in with a code to type, with --device.",
        ],
        commands: &["chapar connect ADDRESS"],
    },
];
