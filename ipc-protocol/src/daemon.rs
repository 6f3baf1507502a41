//! The daemon itself.

wire! {
    /// Parameters of `Daemon/reload`: read the configuration again.
    #[derive(Default)]
    pub struct DaemonReload {}

    /// Parameters of `Daemon/stop`: answer, then stop in order.
    #[derive(Default)]
    pub struct DaemonStop {}
}
