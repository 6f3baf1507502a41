//! Network up, network changed, resumed from sleep: one counter that moves when links should be
//! probed. A hint, never a fact.

use tokio::sync::watch;

/// Moves by one at each network change or resume; whoever holds a session probes it then.
#[derive(Clone, Debug)]
pub struct LinkWatch(pub watch::Receiver<u64>);
