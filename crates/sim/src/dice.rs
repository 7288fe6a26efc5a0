//! The only source of chance.

/// A pair of dice: xoshiro256++, seeded by splitmix64.
pub(crate) struct Dice([u64; 4]);

impl Dice {
    pub fn new(seed: u64) -> Self {
        let mut x = seed;
        Self(std::array::from_fn(|_| {
            x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = x;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// True this often.
    pub fn chance(&mut self, p: f64) -> bool {
        // 53 bits, from 0 to less than 1.
        ((self.next() >> 11) as f64) * (1.0 / (1u64 << 53) as f64) < p
    }

    /// From 0 to `n` - 1; 0 if `n` is 0.
    pub fn up_to(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n.max(1) as u128) >> 64) as usize
    }

    /// From `from` to `to`, ms.
    pub fn ms(&mut self, from: i64, to: i64) -> i64 {
        from + self.up_to((to - from).max(0) as usize + 1) as i64
    }
}
