//! Randomness: jitter, boundaries, keys.

/// The door to randomness.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
    /// An unpredictable number.
    fn number(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

/// The kernel's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct KernelEntropy;

impl Entropy for KernelEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // a predictable key or boundary is worse than no daemon: systemd or the CLI starts it again
            tracing::error!(%error, "the kernel gives no random bytes; stopping");
            std::process::abort();
        }
    }
}
