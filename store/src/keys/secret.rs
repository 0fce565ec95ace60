//! The text of a key: how it is made, read, hashed and compared.
//!
//! A key is its kind's prefix, its id, and its secret: `rk_` `k3f9...` `...`. Carrying the id, it is found without searching, and only one
//! comparison is made, in constant time.
//!
//! A read key holds 256 random bits. Slow hashes (Argon2, PBKDF2) make guessing dear where people choose the words; nobody guesses 256 bits at any
//! price, so one SHA-256 is enough, and every request can afford it. The salt makes equal hashes of two stores unequal.

use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};

use super::{Kind, Proof};

/// RFC 4648 base32 in lower case: 5 bits a letter, no letter that needs escaping in a URL, a header or HTML.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Letters of an id: 50 bits, so that ids of one store never meet.
const ID_LETTERS: usize = 10;
/// Letters after the id of a write key: 130 bits, so that nobody sends under a key that was not given to them.
const WRITE_LETTERS: usize = 26;
/// Letters after the id of a read key: 260 bits.
const READ_LETTERS: usize = 52;
/// Letters of a salt's random: 130 bits.
const SALT_LETTERS: usize = 26;

/// The machine gave no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("draw a key from the operating system's random numbers: {reason}")]
pub struct MintError {
    reason: String,
}

/// Random letters, 5 bits each, from the operating system.
fn letters(count: usize) -> Result<String, MintError> {
    let mut bytes = vec![0; count];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| MintError { reason: error.to_string() })?;
    Ok(bytes.into_iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

/// A token of 260 random bits, for a browser that has shown its key.
pub fn random_token() -> Result<String, MintError> {
    letters(READ_LETTERS)
}

/// A new key: its id, its text, and what is kept of it.
pub(super) struct Minted {
    pub id: String,
    pub text: String,
    pub proof: Proof,
}

pub(super) fn mint(kind: Kind) -> Result<Minted, MintError> {
    let id = letters(ID_LETTERS)?;
    let secret = letters(secret_letters(kind))?;
    let text = format!("{}{id}{secret}", kind.prefix());
    let proof = match kind {
        Kind::Write => Proof::Public(text.clone()),
        Kind::Read => {
            let salt = letters(SALT_LETTERS)?;
            let hash = hash(&salt, &text);
            Proof::Hashed { salt, hash }
        }
    };
    Ok(Minted { id, text, proof })
}

fn secret_letters(kind: Kind) -> usize {
    match kind {
        Kind::Write => WRITE_LETTERS,
        Kind::Read => READ_LETTERS,
    }
}

fn hash(salt: &str, text: &str) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update([0]).chain_update(text).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text that has the form of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented<'a> {
    /// What it would be for.
    pub kind: Kind,
    /// The id it carries.
    pub id: &'a str,
    text: &'a str,
}

impl<'a> Presented<'a> {
    /// Reads a key's form; `None` for what no key of ours looks like.
    pub fn read(text: &'a str) -> Option<Self> {
        let (kind, rest) = [Kind::Write, Kind::Read].into_iter().find_map(|kind| Some((kind, text.strip_prefix(kind.prefix())?)))?;
        let formed = rest.len() == ID_LETTERS + secret_letters(kind) && rest.bytes().all(|byte| ALPHABET.contains(&byte));
        formed.then(|| Presented { kind, id: &rest[..ID_LETTERS], text })
    }

    /// Whether it is the key that this proves.
    pub(super) fn proves(&self, proof: &Proof) -> bool {
        match proof {
            Proof::Public(text) => same(self.text, text),
            Proof::Hashed { salt, hash: kept } => same(&hash(salt, self.text), kept),
        }
    }
}

/// Compares in a time that tells nothing of how much was right; only the length is no secret.
pub fn same(given: &str, kept: &str) -> bool {
    let differing = given.bytes().zip(kept.bytes()).fold(0, |differing, (a, b)| differing | (a ^ b));
    // Otherwise the compiler may see that one difference settles it, and leave early.
    given.len() == kept.len() && std::hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_key_is_read_back_and_proved_by_itself_alone() {
        for kind in [Kind::Write, Kind::Read] {
            let (one, other) = (mint(kind).unwrap(), mint(kind).unwrap());
            let presented = Presented::read(&one.text).unwrap();
            assert_eq!((presented.kind, presented.id), (kind, one.id.as_str()));
            assert!(presented.proves(&one.proof) && !presented.proves(&other.proof));
            assert_ne!(one.text, other.text);
        }
    }

    #[test]
    fn nothing_of_a_read_key_beyond_its_id_is_kept() {
        let minted = mint(Kind::Read).unwrap();
        let Proof::Hashed { salt, hash } = &minted.proof else { panic!("a read key is hashed") };
        let secret = &minted.text[3 + ID_LETTERS..];
        assert_eq!((secret.len(), hash.len()), (52, 64));
        assert!(!salt.contains(secret) && !hash.contains(secret));
    }

    #[test]
    fn the_hash_is_sha_256_of_salt_nul_and_key() {
        // printf 'salt\0rk_x' | sha256sum
        assert_eq!(hash("salt", "rk_x"), "81aad78bde295f09d91e6e310f56408ea8e465e60e2eb20d34de023fe3c88a09");
    }

    #[test]
    fn what_no_key_looks_like_is_not_read() {
        let text = mint(Kind::Write).unwrap().text;
        for wrong in [
            "",
            "wk_",
            "wk_1",
            "rk_1",
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}a"),
            &text.to_uppercase(),
            &text.replace("wk_", "rk_"),
        ] {
            assert_eq!(Presented::read(wrong), None, "{wrong:?}");
        }
        assert_eq!(Presented::read(&format!("wk_{}", "é".repeat(18))), None, "of the right length in bytes, and cut within a letter");
    }

    #[test]
    fn equal_means_every_byte_and_no_more() {
        assert!(same("", "") && same("abc", "abc"));
        for (given, kept) in [("", "a"), ("a", ""), ("abc", "abd"), ("xbc", "abc"), ("abc", "abcd"), ("abcd", "abc")] {
            assert!(!same(given, kept), "{given:?} {kept:?}");
        }
    }
}
