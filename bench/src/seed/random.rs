//! Numbers that look random and are the same for the same start, on every machine.

/// SplitMix64: small, fast, and good enough to choose names with. Nothing secret comes from it.
#[derive(Debug, Clone)]
pub struct Random(u64);

/// Spreads the bits of a number over the whole word: the finaliser of SplitMix64.
const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

impl Random {
    /// Numbers of their own for everything that these parts name.
    #[must_use]
    pub fn of(parts: &[u64]) -> Self {
        Self(parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, part| mix(state ^ mix(part.wrapping_add(1)))))
    }

    /// Any number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `end`; 0 when there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        // The high half of the product: without a division, and even enough for names.
        let wide = u128::from(self.next()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// Whether something that happens `per_mille` times in a thousand happens now.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// A number from 0 to 1, 1 excluded.
    pub fn fraction(&mut self) -> f64 {
        // 53 bits are exact in an f64.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let bits = (self.next() >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }

    /// One of a list; the empty text of an empty one.
    pub fn pick(&mut self, list: &[&'static str]) -> &'static str {
        let place = usize::try_from(self.below(list.len() as u64)).unwrap_or(0);
        list.get(place).copied().unwrap_or_default()
    }

    /// 16 bytes.
    pub fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let (high, low) = bytes.split_at_mut(8);
        high.copy_from_slice(&self.next().to_be_bytes());
        low.copy_from_slice(&self.next().to_be_bytes());
        bytes
    }
}
