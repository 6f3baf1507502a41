#!/bin/bash
# Runs in the box of rig/cyrus.rs: an overlay of this machine's / in which Cyrus may push Dovecot aside.
# Installs Cyrus there, gives it one person, and becomes its master process.
# /rig/inside.sh IMAPS-PORT LMTP-PORT PERSON DOMAIN, the password in /rig/password.
set -euo pipefail
imaps=$1 lmtp=$2 person=$3 domain=$4

mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /dev
for node in 'null 3' 'zero 5' 'full 7' 'random 8' 'urandom 9'; do
  mknod -m 666 "/dev/${node% *}" c 1 "${node#* }"
done
ln -s /proc/self/fd /dev/fd
mkdir /dev/shm
mount -t tmpfs tmpfs /run
mkdir -p /run/lock

export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
install() { apt-get -qq install -y --no-install-recommends cyrus-imapd sasl2-bin libsasl2-modules; }
install </dev/null || { apt-get -qq update && install </dev/null; }
echo 'rig: Cyrus is installed'

cat >/etc/imapd.conf <<EOF
configdirectory: /var/lib/cyrus
defaultpartition: default
partition-default: /var/spool/cyrus/mail
proc_path: /run/cyrus/proc
mboxname_lockpath: /run/cyrus/lock
lmtpsocket: /run/cyrus/socket/lmtp
idlesocket: /run/cyrus/socket/idle
notifysocket: /run/cyrus/socket/notify
admins: cyrus
virtdomains: userid
# must differ from the domain of the person
defaultdomain: internal
altnamespace: yes
unixhierarchysep: yes
autocreate_quota: 0
autocreate_post: yes
autocreate_inbox_folders: Drafts|Sent|Trash|Junk|Archive
autosubscribe_inbox_folders: Drafts|Sent|Trash|Junk|Archive
xlist-drafts: Drafts
xlist-sent: Sent
xlist-trash: Trash
xlist-junk: Junk
xlist-archive: Archive
allowplaintext: no
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_mech_list: PLAIN
conversations: yes
lmtp_fuzzy_mailbox_match: no
tls_server_cert: /rig/chain.pem
tls_server_key: /rig/key.pem
imapidlepoll: 60
EOF
cat >/etc/cyrus.conf <<EOF
START {
  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
  idled cmd="/usr/lib/cyrus/bin/idled"
}
SERVICES {
  imaps cmd="imapd -s -U 30" listen="127.0.0.1:$imaps" prefork=1 maxchild=50
  lmtp cmd="lmtpd -a" listen="127.0.0.1:$lmtp" prefork=0 maxchild=10
}
EVENTS {
  checkpoint cmd="/usr/sbin/cyrus ctl_cyrusdb -c" period=30
}
EOF
saslpasswd2 -p -c -u "$domain" "$person" </rig/password
chown cyrus /etc/sasldb2 /rig/chain.pem /rig/key.pem
chmod 600 /rig/key.pem
mkdir -p /run/cyrus/proc /run/cyrus/lock /run/cyrus/socket
chown -R cyrus:mail /run/cyrus
exec /usr/sbin/cyrmaster -C /etc/imapd.conf -M /etc/cyrus.conf -p /run/cyrus-master.pid -D
