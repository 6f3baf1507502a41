# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_chapar_global_optspecs
    string join \n json plain q/quiet v/verbose no-input color= a/account= timeout= socket= no-start h/help V/version
end

function __fish_chapar_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_chapar_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_chapar_using_subcommand
    set -l cmd (__fish_chapar_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c chapar -n "__fish_chapar_needs_command" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_needs_command" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_needs_command" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_needs_command" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_needs_command" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_needs_command" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_needs_command" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_needs_command" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_needs_command" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_needs_command" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chapar -n "__fish_chapar_needs_command" -s V -l version -d 'Print version'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "connect" -d 'Connect a mailbox: prove it, save it, start the first sync'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "status" -d 'Show the state of every account, the outbox and the daemon'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "watch" -d 'Follow what happens: new mail, sync, sends, sign-in requests'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "mail" -d 'List, show, search and export mirrored mail'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "ls" -d 'List mail (short for `mail list`)'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "send" -d 'Send a mail; accepted means it survives a restart'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "outbox" -d 'See and steer what waits to be sent'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "account" -d 'See, change, pause and remove accounts'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "sync" -d 'Ask the servers for changes now, and try again what waits to be sent'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "doctor" -d 'Look for what is wrong: this machine, the servers, the sign-ins; exit 1 when something is'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "logs" -d 'Read the daemon\'s log'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "service" -d 'Install, start and stop chapard as a user service'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "config" -d 'Read, change and check the configuration file'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "data" -d 'Forget what chapar holds on this machine'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "token" -d 'Print an access token of an account, for msmtp, mbsync and others'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "call" -d 'Call one method of the socket protocol and print its result'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "socket" -d 'Print the path of the socket'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "completions" -d 'Print shell completions'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "man" -d 'Print a manual page in roff, or write all of them'
complete -c chapar -n "__fish_chapar_needs_command" -f -a "help" -d 'Explain a command or an error code'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l imap -d 'The server for incoming mail; port 993 unless given, 143 means STARTTLS' -r
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l smtp -d 'The server for outgoing mail; port 465 unless given, 587 means STARTTLS' -r
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l imap-security -d 'How TLS begins at the IMAP server' -r -f -a "tls\t'With the first byte (port 993)'
starttls\t'After STARTTLS, which is demanded (port 143)'"
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l smtp-security -d 'How TLS begins at the SMTP server' -r -f -a "tls\t'With the first byte (port 465)'
starttls\t'After STARTTLS, which is demanded (port 587)'"
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l user -d 'The login name, when it is not the address' -r
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l ca-file -d 'Trust this authority (PEM) too, for this account only' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l password-command -d 'Take the password from the first line this command prints (run by sh)' -r
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l name -d 'The short name of the account here; made from the address unless given' -r
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l display-name -d 'Your name as recipients see it' -r
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l window -d 'How many of the newest mails the first sync takes' -r
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l notify -d 'How the end of the first sync is announced' -r -f -a "desktop\t'A desktop notification'
mail\t'A mail to yourself'
none\t'Not at all'"
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l provider -d 'Sign in at this provider: google, microsoft, or one of your configuration' -r
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l issuer -d 'Sign in at this issuer, an https address' -r
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l client-id -d 'Use your own registered client; see `chapar help oauth.no_client`' -r
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l client-secret-file -d 'File with the secret of that client, where it has one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l scope -d 'Ask for this scope instead of the provider\'s; repeat for more' -r
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand connect" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l password-stdin -d 'Read the password from standard input'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l wait -d 'End when the first sync has ended'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l resume -d 'Try again what an administrator had to approve first'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l oauth -d 'Sign in at the provider, not by a password'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l device -d 'Ask for a code too, to be typed on any device'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l paste -d 'Do not open a browser: print the address, take the one at which the browser ends'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l alias -d 'The address is an alias or a shared mailbox of the person who signs in'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -s n -l dry-run -d 'Show what would be done and change nothing'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -s y -l yes -d 'Do it without asking'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand connect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chapar -n "__fish_chapar_using_subcommand status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand status" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand status" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand status" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand status" -l watch -d 'Keep showing, twice a second at most, until Ctrl-C'
complete -c chapar -n "__fish_chapar_using_subcommand status" -l check -d 'One line; exit 0 when all is well, 1 when something needs you, 69 without daemon'
complete -c chapar -n "__fish_chapar_using_subcommand status" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand status" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand status" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand status" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand status" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand status" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand status" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand watch" -l type -d 'Only these event types; a trailing dot takes all below it (`sync.`)' -r
complete -c chapar -n "__fish_chapar_using_subcommand watch" -l since -d 'Start after this cursor' -r
complete -c chapar -n "__fish_chapar_using_subcommand watch" -l since-file -d 'Start after the cursor in this file and keep it up to date, event by event' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand watch" -l exec -d 'Run this command for each event, its JSON on standard input; no shell is involved' -r
complete -c chapar -n "__fish_chapar_using_subcommand watch" -l count -d 'End after this many events' -r
complete -c chapar -n "__fish_chapar_using_subcommand watch" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand watch" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand watch" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand watch" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand watch" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand watch" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand watch" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand watch" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand watch" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand watch" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -f -a "list" -d 'List mail, the newest first'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -f -a "show" -d 'Show one mail as text'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -f -a "search" -d 'Find mail by words, sender, recipient, subject or date'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -f -a "thread" -d 'Show the mails of one conversation, the oldest first'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and not __fish_seen_subcommand_from list show search thread export" -f -a "export" -d 'Write a mail as the server holds it (RFC 5322), to a file or a pipe'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from list" -s m -l mailbox -d 'The mailbox: its name, path, role (inbox, sent …) or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from list" -l limit -d 'At most this many' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from list" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from list" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from list" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from list" -l unread -d 'Only unread mail'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from list" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from list" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from show" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from show" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from show" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from show" -l headers -d 'Show all header fields'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from show" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from show" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -l from -d 'The sender contains this' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -l to -d 'A recipient contains this' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -l subject -d 'The subject contains this' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -l before -d 'Received before this time' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -l since -d 'Received at this time or later; 7d means within seven days' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -s m -l mailbox -d 'The mailbox: its name, path, role (inbox, sent …) or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -l limit -d 'At most this many' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -l unread -d 'Only unread mail'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from search" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from thread" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from thread" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from thread" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from thread" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from thread" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from thread" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from thread" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from thread" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from thread" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from thread" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from thread" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from export" -s o -l output -d 'Write to this file; it must not exist yet' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from export" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from export" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from export" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from export" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from export" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from export" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from export" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from export" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand mail; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand ls" -s m -l mailbox -d 'The mailbox: its name, path, role (inbox, sent …) or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand ls" -l limit -d 'At most this many' -r
complete -c chapar -n "__fish_chapar_using_subcommand ls" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand ls" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand ls" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand ls" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand ls" -l unread -d 'Only unread mail'
complete -c chapar -n "__fish_chapar_using_subcommand ls" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand ls" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand ls" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand ls" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand ls" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand ls" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand ls" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand send" -l to -d 'A recipient, `ana@example.org` or `Ana <ana@example.org>`; repeat for more' -r
complete -c chapar -n "__fish_chapar_using_subcommand send" -l cc -d 'A recipient of a copy' -r
complete -c chapar -n "__fish_chapar_using_subcommand send" -l bcc -d 'A recipient nobody else sees' -r
complete -c chapar -n "__fish_chapar_using_subcommand send" -s s -l subject -d 'The subject' -r
complete -c chapar -n "__fish_chapar_using_subcommand send" -l text -d 'The file with the text; `-` is standard input' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand send" -s m -l message -d 'The text itself' -r
complete -c chapar -n "__fish_chapar_using_subcommand send" -l html -d 'The file with the HTML form' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand send" -l attach -d 'A file to attach; repeat for more' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand send" -l reply-to -d 'The id of the mail this answers: recipients, subject and threading come from it' -r
complete -c chapar -n "__fish_chapar_using_subcommand send" -l at -d 'Send then: 2027-01-31T09:00:00Z, `2027-01-31 09:00`, 09:00 or +2h' -r
complete -c chapar -n "__fish_chapar_using_subcommand send" -l key -d 'With the same key a second call sends nothing and shows the first submission' -r
complete -c chapar -n "__fish_chapar_using_subcommand send" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand send" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand send" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand send" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand send" -l all -d 'With --reply-to: answer all recipients'
complete -c chapar -n "__fish_chapar_using_subcommand send" -l wait -d 'End when every recipient is accepted, refused or unknown'
complete -c chapar -n "__fish_chapar_using_subcommand send" -s n -l dry-run -d 'Show what would be done and change nothing'
complete -c chapar -n "__fish_chapar_using_subcommand send" -s y -l yes -d 'Do it without asking'
complete -c chapar -n "__fish_chapar_using_subcommand send" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand send" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand send" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand send" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand send" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand send" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -f -a "list" -d 'List what is queued, scheduled, retried or unknown, and what was sent lately'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -f -a "show" -d 'Show one submission, recipient by recipient'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -f -a "cancel" -d 'Do not send it after all'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -f -a "retry" -d 'Try again now instead of at the next planned time'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and not __fish_seen_subcommand_from list show cancel retry resolve" -f -a "resolve" -d 'Settle a submission whose fate is unknown, after you looked'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from list" -l limit -d 'At most this many' -r
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from list" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from list" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from list" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from list" -l open -d 'Only what is not finished'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from list" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from list" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from show" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from show" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from show" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from show" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from show" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from cancel" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from cancel" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from cancel" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from cancel" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from cancel" -s n -l dry-run -d 'Show what would be done and change nothing'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from cancel" -s y -l yes -d 'Do it without asking'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from cancel" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from cancel" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from cancel" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from cancel" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from cancel" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from cancel" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from cancel" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from retry" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from retry" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from retry" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from retry" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from retry" -s n -l dry-run -d 'Show what would be done and change nothing'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from retry" -s y -l yes -d 'Do it without asking'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from retry" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from retry" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from retry" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from retry" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from retry" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from retry" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from retry" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -l sent -d 'It arrived: count it as sent'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -l resend -d 'It did not arrive: send it again'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -s n -l dry-run -d 'Show what would be done and change nothing'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -s y -l yes -d 'Do it without asking'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand outbox; and __fish_seen_subcommand_from resolve" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -f -a "list" -d 'List accounts'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -f -a "show" -d 'Show one account with its servers and health'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -f -a "update" -d 'Change an account; new servers or a new password are proved before they are saved'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -f -a "reconnect" -d 'Sign in anew, or move to another way of signing in, in place: mail and outbox stay'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -f -a "rename" -d 'Give an account another short name'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -f -a "pause" -d 'Stop syncing and sending; mail and outbox stay'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -f -a "resume" -d 'Go on after a pause'
complete -c chapar -n "__fish_chapar_using_subcommand account; and not __fish_seen_subcommand_from list show update reconnect rename pause resume remove" -f -a "remove" -d 'Remove an account with its mail, outbox and sign-in from here; the server keeps its mail'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from list" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from list" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from list" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from list" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from list" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from show" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from show" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from show" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from show" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from show" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l name -d 'A new short name' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l display-name -d 'Your name as recipients see it' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l window -d 'How many of the newest mails are mirrored' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l notify -d 'How the end of the first sync is announced' -r -f -a "desktop\t'A desktop notification'
mail\t'A mail to yourself'
none\t'Not at all'"
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l imap -d 'The server for incoming mail; port 993 unless given, 143 means STARTTLS' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l smtp -d 'The server for outgoing mail; port 465 unless given, 587 means STARTTLS' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l imap-security -d 'How TLS begins at the IMAP server' -r -f -a "tls\t'With the first byte (port 993)'
starttls\t'After STARTTLS, which is demanded (port 143)'"
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l smtp-security -d 'How TLS begins at the SMTP server' -r -f -a "tls\t'With the first byte (port 465)'
starttls\t'After STARTTLS, which is demanded (port 587)'"
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l user -d 'The login name, when it is not the address' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l ca-file -d 'Trust this authority (PEM) too, for this account only' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l password-command -d 'Take the password from the first line this command prints (run by sh)' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l password -d 'Ask for a new password'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l password-stdin -d 'Read the password from standard input'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -s n -l dry-run -d 'Show what would be done and change nothing'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -s y -l yes -d 'Do it without asking'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l password-command -d 'Take the password from the first line this command prints (run by sh)' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l imap -d 'The server for incoming mail; port 993 unless given, 143 means STARTTLS' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l smtp -d 'The server for outgoing mail; port 465 unless given, 587 means STARTTLS' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l imap-security -d 'How TLS begins at the IMAP server' -r -f -a "tls\t'With the first byte (port 993)'
starttls\t'After STARTTLS, which is demanded (port 143)'"
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l smtp-security -d 'How TLS begins at the SMTP server' -r -f -a "tls\t'With the first byte (port 465)'
starttls\t'After STARTTLS, which is demanded (port 587)'"
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l user -d 'The login name, when it is not the address' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l ca-file -d 'Trust this authority (PEM) too, for this account only' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l provider -d 'Sign in at this provider: google, microsoft, or one of your configuration' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l issuer -d 'Sign in at this issuer, an https address' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l client-id -d 'Use your own registered client; see `chapar help oauth.no_client`' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l client-secret-file -d 'File with the secret of that client, where it has one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l scope -d 'Ask for this scope instead of the provider\'s; repeat for more' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l password -d 'Ask for a password, also where the provider offers a sign-in'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l password-stdin -d 'Read the password from standard input'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l oauth -d 'Sign in at the provider, not by a password'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l device -d 'Ask for a code too, to be typed on any device'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l paste -d 'Do not open a browser: print the address, take the one at which the browser ends'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l alias -d 'The address is an alias or a shared mailbox of the person who signs in'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from reconnect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from rename" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from rename" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from rename" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from rename" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from rename" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from rename" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from rename" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from rename" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from rename" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from rename" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from rename" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from pause" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from pause" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from pause" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from pause" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from pause" -s n -l dry-run -d 'Show what would be done and change nothing'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from pause" -s y -l yes -d 'Do it without asking'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from pause" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from pause" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from pause" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from pause" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from pause" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from pause" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from resume" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from resume" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from resume" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from resume" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from resume" -s n -l dry-run -d 'Show what would be done and change nothing'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from resume" -s y -l yes -d 'Do it without asking'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from resume" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from resume" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from resume" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from resume" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from resume" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from remove" -l confirm -d 'The account\'s name again, instead of being asked for it' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from remove" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from remove" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from remove" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from remove" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from remove" -s n -l dry-run -d 'Show what would be done and change nothing'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from remove" -s y -l yes -d 'Do it without asking'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from remove" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from remove" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from remove" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from remove" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand account; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand sync" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand sync" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand sync" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand sync" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand sync" -l wait -d 'End when the sync has ended'
complete -c chapar -n "__fish_chapar_using_subcommand sync" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand sync" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand sync" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand sync" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand sync" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand sync" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand sync" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -l bundle -d 'Write what was found to a file for whoever helps, without addresses, mail and secrets; it is shown first' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -l fix -d 'Mend what cannot lose anything: rights of the socket, the unit, a daemon of another version'
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -s n -l dry-run -d 'Show what would be done and change nothing'
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -s y -l yes -d 'Do it without asking'
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chapar -n "__fish_chapar_using_subcommand logs" -l since -d 'Only lines since then: 1h, 30m, or a time' -r
complete -c chapar -n "__fish_chapar_using_subcommand logs" -l level -d 'Only this level and worse' -r -f -a "error\t'Errors'
warn\t'Warnings and worse'
info\t'Usual messages and worse'
debug\t'Details'
trace\t'Everything'"
complete -c chapar -n "__fish_chapar_using_subcommand logs" -l lines -d 'At most this many lines from the end' -r
complete -c chapar -n "__fish_chapar_using_subcommand logs" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand logs" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand logs" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand logs" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand logs" -s f -l follow -d 'Go on as lines are written'
complete -c chapar -n "__fish_chapar_using_subcommand logs" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand logs" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand logs" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand logs" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand logs" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand logs" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -f -a "install" -d 'Write and enable the systemd user units, so that chapard runs from login on'
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -f -a "uninstall" -d 'Disable and delete the systemd user units; mail and settings stay'
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -f -a "start" -d 'Start chapard'
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -f -a "stop" -d 'Stop chapard in an orderly way'
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -f -a "restart" -d 'Stop and start chapard, for example after an upgrade'
complete -c chapar -n "__fish_chapar_using_subcommand service; and not __fish_seen_subcommand_from install uninstall start stop restart status" -f -a "status" -d 'Tell whether chapard runs and who starts it'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from install" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from install" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from install" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from install" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from install" -s n -l dry-run -d 'Show what would be done and change nothing'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from install" -s y -l yes -d 'Do it without asking'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from install" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from install" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from install" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from install" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from install" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from install" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from uninstall" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from uninstall" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from uninstall" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from uninstall" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from uninstall" -s n -l dry-run -d 'Show what would be done and change nothing'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from uninstall" -s y -l yes -d 'Do it without asking'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from uninstall" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from uninstall" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from uninstall" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from uninstall" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from uninstall" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from uninstall" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from uninstall" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from start" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from start" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from start" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from start" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from start" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from start" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from start" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from start" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from start" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from stop" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from stop" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from stop" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from stop" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from stop" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from stop" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from stop" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from stop" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from stop" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from restart" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from restart" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from restart" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from restart" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from restart" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from restart" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from restart" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from restart" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from restart" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from restart" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from restart" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from status" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from status" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from status" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from status" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from status" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from status" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from status" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand service; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -f -a "path" -d 'Print the path of the configuration file'
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -f -a "get" -d 'Print every setting with its value, its default and where it comes from, or one value'
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -f -a "set" -d 'Set one value; comments and order stay'
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -f -a "edit" -d 'Open the file in $VISUAL or $EDITOR, then check it'
complete -c chapar -n "__fish_chapar_using_subcommand config; and not __fish_seen_subcommand_from path get set edit check" -f -a "check" -d 'Check the file'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from path" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from path" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from path" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from path" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from path" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from path" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from path" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from path" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from get" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from get" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from get" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from get" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from get" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from get" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from get" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from get" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from set" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from set" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from set" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from set" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from set" -s n -l dry-run -d 'Show what would be done and change nothing'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from set" -s y -l yes -d 'Do it without asking'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from set" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from set" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from set" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from set" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from edit" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from edit" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from edit" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from edit" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from edit" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from edit" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from edit" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from edit" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from edit" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from check" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from check" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from check" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from check" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from check" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from check" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand data; and not __fish_seen_subcommand_from forget" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand data; and not __fish_seen_subcommand_from forget" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand data; and not __fish_seen_subcommand_from forget" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand data; and not __fish_seen_subcommand_from forget" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand data; and not __fish_seen_subcommand_from forget" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand data; and not __fish_seen_subcommand_from forget" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand data; and not __fish_seen_subcommand_from forget" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand data; and not __fish_seen_subcommand_from forget" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand data; and not __fish_seen_subcommand_from forget" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand data; and not __fish_seen_subcommand_from forget" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand data; and not __fish_seen_subcommand_from forget" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand data; and not __fish_seen_subcommand_from forget" -f -a "forget" -d 'Forget mirrored mail, or everything, so that no byte of it is left here'
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -l confirm -d 'The account\'s name again, or `everything`, instead of being asked for it' -r
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -l all -d 'Everything chapar holds on this machine'
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -l discard-outbox -d 'With --all: let go of mails that still wait to be sent'
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -s n -l dry-run -d 'Show what would be done and change nothing'
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -s y -l yes -d 'Do it without asking'
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand data; and __fish_seen_subcommand_from forget" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chapar -n "__fish_chapar_using_subcommand token" -l valid -d 'It has to hold this much longer, such as 5m' -r
complete -c chapar -n "__fish_chapar_using_subcommand token" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand token" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand token" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand token" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand token" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand token" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand token" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand token" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand token" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand token" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand token" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chapar -n "__fish_chapar_using_subcommand call" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand call" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand call" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand call" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand call" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand call" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand call" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand call" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand call" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand call" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand call" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand socket" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand socket" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand socket" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand socket" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand socket" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand socket" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand socket" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand socket" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand socket" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand socket" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand socket" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand completions" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand completions" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand completions" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand completions" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand completions" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand completions" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand completions" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand completions" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand completions" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand completions" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand completions" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand man" -l out -d 'Write every page into this directory instead' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand man" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand man" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand man" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand man" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand man" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand man" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand man" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand man" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand man" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand man" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand man" -s h -l help -d 'Print help'
complete -c chapar -n "__fish_chapar_using_subcommand help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or TERM is dumb'
always\t'Always'
never\t'Never'"
complete -c chapar -n "__fish_chapar_using_subcommand help" -s a -l account -d 'The account: its name, address or id' -r
complete -c chapar -n "__fish_chapar_using_subcommand help" -l timeout -d 'Longest wait for an answer, such as 30s or 2m' -r
complete -c chapar -n "__fish_chapar_using_subcommand help" -l socket -d 'The socket of chapard, instead of the usual one' -r -F
complete -c chapar -n "__fish_chapar_using_subcommand help" -l json -d 'Print one JSON object with a "schema" (streams: one object a line)'
complete -c chapar -n "__fish_chapar_using_subcommand help" -l plain -d 'Print tab-separated fields without colour, for scripts'
complete -c chapar -n "__fish_chapar_using_subcommand help" -s q -l quiet -d 'Say nothing but the answer'
complete -c chapar -n "__fish_chapar_using_subcommand help" -s v -l verbose -d 'Say more; repeat for more'
complete -c chapar -n "__fish_chapar_using_subcommand help" -l no-input -d 'Never ask; an error names the flag that is missing'
complete -c chapar -n "__fish_chapar_using_subcommand help" -l no-start -d 'Do not start chapard when it is not running'
complete -c chapar -n "__fish_chapar_using_subcommand help" -s h -l help -d 'Print help'
