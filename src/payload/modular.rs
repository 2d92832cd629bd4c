//! Powers modulo an odd number that is as long as those of RSA, by Montgomery's
//! multiplication. Nothing here is secret, so the time may tell of it.

use std::iter::repeat;

/// Limbs of 32 bits, the least significant first.
type Limbs = Vec<u32>;

/// A number to compute modulo of.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Modulus {
    /// The last one is not zero.
    limbs: Limbs,
    /// What makes the lowest limb vanish: its inverse modulo 2^32, negated.
    inverse: u32,
}

impl Modulus {
    /// Reads a number in big-endian bytes.
    pub fn from_bytes_be(bytes: &[u8]) -> Self {
        let mut limbs = limbs(bytes);
        while limbs.pop_if(|limb| *limb == 0).is_some() {}
        let lowest = limbs.first().copied().unwrap_or_default();
        // Newton's method: an odd number is its own inverse in the lowest 3 bits,
        // and each step doubles these.
        let step = |inverse: u32, _| {
            inverse.wrapping_mul(2_u32.wrapping_sub(lowest.wrapping_mul(inverse)))
        };
        let inverse = (0..4).fold(lowest, step).wrapping_neg();
        Self { limbs, inverse }
    }

    /// How many bits the number has.
    pub fn bits(&self) -> u64 {
        let unused = self.limbs.last().map_or(0, |limb| limb.leading_zeros());
        32 * self.limbs.len() as u64 - u64::from(unused)
    }

    /// Whether it is odd: with another one, [`power`](Self::power) is wrong.
    pub fn is_odd(&self) -> bool {
        self.limbs.first().is_some_and(|limb| limb % 2 == 1)
    }

    /// Whether a power of a number, in big-endian bytes as the other one, is
    /// that other one. It is not, if one of them is not less than the modulus.
    pub fn is_power(&self, base: &[u8], exponent: u64, power: &[u8]) -> bool {
        let (Some(base), Some(power)) = (self.residue(base), self.residue(power)) else {
            return false;
        };
        self.power(&base, exponent) == power
    }

    /// A number that is less than this one, in as many limbs.
    fn residue(&self, bytes: &[u8]) -> Option<Limbs> {
        let mut limbs = limbs(bytes);
        let length = self.limbs.len();
        let is_short = limbs.iter().skip(length).all(|limb| *limb == 0);
        limbs.resize(length, 0);
        (is_short && is_less(&limbs, &self.limbs)).then_some(limbs)
    }

    fn power(&self, base: &[u32], exponent: u64) -> Limbs {
        let length = self.limbs.len();
        let mut one = vec![0; length];
        one[0] = 1;
        // 2^(2 * 32 * length), which takes a number into Montgomery's form.
        let mut square = one.clone();
        for _ in 0..64 * length {
            let other = square.clone();
            square.push(0);
            add_multiple(&mut square, &other, 1);
            self.reduce(&mut square);
        }
        let base = self.multiply(base, &square);
        let mut power = self.multiply(&one, &square);
        for bit in (0..64).rev().skip_while(|bit| exponent >> bit == 0) {
            power = self.multiply(&power, &power);
            if exponent >> bit & 1 == 1 {
                power = self.multiply(&power, &base);
            }
        }
        self.multiply(&power, &one)
    }

    /// The product divided by 2^(32 * length).
    fn multiply(&self, one: &[u32], other: &[u32]) -> Limbs {
        let length = self.limbs.len();
        let mut product = vec![0; 2 * length + 1];
        for (place, limb) in one.iter().enumerate() {
            add_multiple(&mut product[place..], other, *limb);
        }
        for place in 0..length {
            let factor = product[place].wrapping_mul(self.inverse);
            add_multiple(&mut product[place..], &self.limbs, factor);
        }
        product.drain(..length);
        self.reduce(&mut product);
        product
    }

    /// Takes the modulus off a number with one limb more that is less than twice
    /// the modulus, if it is not less than it, and takes that limb off.
    fn reduce(&self, number: &mut Limbs) {
        if number.last() != Some(&0) || !is_less(&number[..self.limbs.len()], &self.limbs) {
            // The complement of a number and 1 are its negative.
            let mut carry = 1;
            for (place, limb) in number.iter_mut().zip(&self.limbs) {
                carry += u64::from(*place) + u64::from(!limb);
                *place = low(carry);
                carry >>= 32;
            }
        }
        number.pop();
    }
}

/// Limbs of a number in big-endian bytes.
fn limbs(bytes: &[u8]) -> Limbs {
    let limb = |bytes: &[u8]| bytes.iter().fold(0, |limb, byte| limb << 8 | u32::from(*byte));
    bytes.rchunks(4).map(limb).collect()
}

/// Whether a number is less than another one of as many limbs.
fn is_less(one: &[u32], other: &[u32]) -> bool {
    one.iter().rev().lt(other.iter().rev())
}

/// Adds a multiple of a number to another one, which has room for the sum.
fn add_multiple(sum: &mut [u32], number: &[u32], factor: u32) {
    let mut carry = 0;
    for (place, limb) in sum.iter_mut().zip(number.iter().chain(repeat(&0))) {
        carry += u64::from(*place) + u64::from(*limb) * u64::from(factor);
        *place = low(carry);
        carry >>= 32;
    }
}

/// The lower half.
#[expect(clippy::cast_possible_truncation, reason = "the other half is the carry")]
fn low(number: u64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use proptest::prelude::*;

    fn compare(mut modulus: Vec<u8>, base: &[u8], exponent: u64) {
        let last = modulus.len() - 1;
        modulus[last] |= 1;
        let ours = Modulus::from_bytes_be(&modulus);
        let theirs = BigUint::from_bytes_be(&modulus);
        let number = BigUint::from_bytes_be(base);
        assert_eq!((ours.bits(), ours.is_odd()), (theirs.bits(), true));
        let power = number.modpow(&exponent.into(), &theirs).to_bytes_be();
        let is_less = number < theirs;
        assert_eq!(ours.is_power(base, exponent, &power), is_less, "{number} {exponent} {theirs}");
        let other = BigUint::from_bytes_be(&power) ^ BigUint::from(2_u8);
        assert!(!ours.is_power(base, exponent, &other.to_bytes_be()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn as_another_library_has_it(
            modulus in proptest::collection::vec(any::<u8>(), 1..300),
            base in proptest::collection::vec(any::<u8>(), 0..300),
            exponent in any::<u64>(),
        ) {
            compare(modulus.clone(), &base, exponent);
            // Shorter than the modulus, and with many ones and zeros.
            let short = &base[..base.len().min(modulus.len() - 1)];
            compare(modulus.clone(), short, 65537);
            let extreme = |bytes: &[u8]| -> Vec<u8> {
                bytes.iter().map(|byte| if *byte < 128 { 0 } else { 255 }).collect()
            };
            compare(extreme(&modulus), &extreme(short), exponent % 20);
        }
    }

    #[test]
    fn at_the_ends() {
        let ones = vec![255; 256];
        let mut nearly = ones.clone();
        nearly[255] = 254;
        for exponent in [0, 1, 2, 3, 65537, u64::MAX] {
            for base in [&[][..], &[1], &[2], &[0, 0, 0, 0, 0, 3], &nearly, &ones] {
                compare(ones.clone(), base, exponent);
                compare(vec![3], base, exponent);
                compare(vec![1, 0, 0, 0, 0], base, exponent);
            }
        }
        assert_eq!(Modulus::from_bytes_be(&[]).bits(), 0);
        assert!(!Modulus::from_bytes_be(&[0, 0]).is_odd());
        assert!(!Modulus::from_bytes_be(&[1, 0]).is_odd());
    }
}
