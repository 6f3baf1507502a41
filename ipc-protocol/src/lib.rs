//! chapar-ipc-protocol
