//! Deterministic randomness for property tests. Compiled for tests only.

/// xorshift64*: small, seeded, the same everywhere.
pub(crate) struct Xorshift(u64);

impl Xorshift {
    /// A generator; the same seed gives the same numbers.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `limit` (0 for 0).
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % limit.max(1)
    }

    /// True once in `n`.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A character: mostly ASCII, controls among them, some from all of Unicode.
    pub(crate) fn char(&mut self) -> char {
        let limit = [0x80, 0x80, 0x250, 0x3000, 0x11_0000][self.below(5)];
        loop {
            let code = u32::try_from(self.below(limit)).unwrap();
            if let Some(c) = char::from_u32(code) {
                return c;
            }
        }
    }
}
