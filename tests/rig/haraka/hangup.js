// What Haraka says to recipients: `drop` is refused with a hang-up, `reject` without one.
exports.hook_rcpt = (next, connection, params) => {
  const { user } = params[0];
  if (user === "drop") return next(DENYDISCONNECT, "5.7.1 go away");
  if (user === "reject") return next(DENY, "5.1.1 no such person");
  return next(OK);
};

// everything else goes to the LMTP server of the rig; queue/lmtp of 3.3.4 asks the DNS for it
exports.hook_get_mx = function (next) {
  const { host, port } = this.config.get("lmtp.ini").main;
  return next(OK, { using_lmtp: true, priority: 0, exchange: host, port: Number(port) });
};
