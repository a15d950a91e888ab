//! Pages sealed before another store sees them.

use std::fmt;
use std::mem::MaybeUninit;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::{Zeroize, Zeroizing};

use super::slots::Slots;
use super::{PageKey, PageStore, PageStoreArgs, PageStoreFactory, SpillMetrics};
use crate::errors::{ParquetError, Result};

/// Wraps the stores of another factory so that they only see ciphertext: AES-256-GCM under a random
/// key that exists in the memory of this process alone and ends with the factory and its stores: the key and what it is
/// expanded to are then overwritten. What a call leaves on the stack and in registers while it works with them is not.
///
/// A blob that was changed, cut, or exchanged for another fails with
/// [`CorruptBlob`](ParquetError::CorruptBlob): the nonce of each blob stays in memory and is used
/// once. Each blob is 16 bytes longer in the inner store and costs 16 bytes of memory.
pub struct EncryptedPageStoreFactory {
    inner: Arc<dyn PageStoreFactory>,
    seal: Arc<Seal>,
}

/// A key and the nonces used with it. Dropping it overwrites the key, which `ring` does not.
struct Seal {
    /// Initialised as long as this lives.
    key: MaybeUninit<LessSafeKey>,
    last_nonce: AtomicU64,
}

struct EncryptedPageStore {
    inner: Box<dyn PageStore>,
    seal: Arc<Seal>,
    blobs: Slots<Blob>,
}

#[derive(Debug, Clone, Copy)]
struct Blob {
    inner_key: PageKey,
    nonce: NonZeroU64,
}

impl EncryptedPageStoreFactory {
    /// Encrypts what goes into the stores of `inner`, with a fresh key.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn try_new(inner: Arc<dyn PageStoreFactory>) -> Result<Self> {
        let mut key = Zeroizing::new([0; 32]);
        let failed = |_| ParquetError::General("cannot make a key for spilled pages".to_owned());
        SystemRandom::new().fill(key.as_mut()).map_err(failed)?;
        let key = UnboundKey::new(&AES_256_GCM, key.as_ref()).map_err(failed)?;
        Ok(Self {
            inner,
            seal: Arc::new(Seal::new(key)),
        })
    }
}

impl PageStoreFactory for EncryptedPageStoreFactory {
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(EncryptedPageStore {
            inner: self.inner.create(args)?,
            seal: Arc::clone(&self.seal),
            blobs: Slots::default(),
        }))
    }

    fn metrics(&self) -> Option<SpillMetrics> {
        self.inner.metrics()
    }
}

/// Without the key.
impl fmt::Debug for EncryptedPageStoreFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedPageStoreFactory")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl PageStore for EncryptedPageStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        self.put_slice(&value)
    }

    fn put_slice(&mut self, value: &[u8]) -> Result<PageKey> {
        let mut sealed = Vec::with_capacity(value.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(value);
        let nonce = self.seal.close(&mut sealed)?;
        let inner_key = self.inner.put(Bytes::from(sealed))?;
        Ok(self.blobs.push(Blob { inner_key, nonce }))
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let mut buffer = Vec::new();
        self.take_into(key, &mut buffer)?;
        Ok(Bytes::from(buffer))
    }

    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        let blob = self.blobs.take(key)?;
        self.inner.take_into(blob.inner_key, buffer)?;
        self.seal.open(blob.nonce, buffer)
    }

    fn spill(&mut self) -> Result<usize> {
        self.inner.spill()
    }

    fn memory_size(&self) -> usize {
        let inner = self.inner.memory_size();
        inner.saturating_add(self.blobs.memory_size())
    }

    fn reserved_size(&self) -> usize {
        self.inner.reserved_size()
    }
}

impl Seal {
    fn new(key: UnboundKey) -> Self {
        Self {
            key: MaybeUninit::new(LessSafeKey::new(key)),
            last_nonce: AtomicU64::new(0),
        }
    }

    fn key(&self) -> &LessSafeKey {
        // SAFETY: initialised by the only constructor, and overwritten by the drop alone.
        unsafe { self.key.assume_init_ref() }
    }

    /// Encrypts in place and appends the tag.
    fn close(&self, buffer: &mut Vec<u8>) -> Result<NonZeroU64> {
        let last = self.last_nonce.fetch_add(1, Ordering::Relaxed);
        let nonce = NonZeroU64::MIN.saturating_add(last);
        self.key()
            .seal_in_place_append_tag(nonce_bytes(nonce), Aad::empty(), buffer)
            .map_err(|_| ParquetError::General("a page is too long to encrypt".to_owned()))?;
        Ok(nonce)
    }

    /// Decrypts in place and removes the tag.
    fn open(&self, nonce: NonZeroU64, buffer: &mut Vec<u8>) -> Result<()> {
        let sealed_bytes = buffer.len();
        let opened = self
            .key()
            .open_in_place(nonce_bytes(nonce), Aad::empty(), buffer)
            .map(|plain| plain.len());
        let plain_bytes = opened.map_err(|_| {
            ParquetError::CorruptBlob(format!(
                "an encrypted blob of {sealed_bytes} bytes is not the one that was put"
            ))
        })?;
        buffer.truncate(plain_bytes);
        Ok(())
    }
}

impl Drop for Seal {
    fn drop(&mut self) {
        // SAFETY: as above, and nothing reads it from here on.
        unsafe { self.key.assume_init_drop() };
        self.key.zeroize();
    }
}

fn nonce_bytes(nonce: NonZeroU64) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    for (to, from) in bytes.iter_mut().zip(nonce.get().to_le_bytes()) {
        *to = from;
    }
    Nonce::assume_unique_for_key(bytes)
}

#[cfg(test)]
mod tests {
    use std::mem::ManuallyDrop;

    use super::*;

    /// The bytes of the key of a seal, also when it has been dropped.
    fn key_bytes(seal: &ManuallyDrop<Seal>) -> Vec<u8> {
        let key = std::ptr::from_ref(&seal.key).cast::<u8>();
        let bytes = 0..size_of::<LessSafeKey>();
        // SAFETY: inside the field, which has been written to as a whole or, the bytes between its parts, is only compared.
        bytes
            .map(|at| unsafe { key.add(at).read_volatile() })
            .collect()
    }

    #[test]
    fn a_dropped_key_leaves_nothing_behind() {
        let key: [u8; 32] = std::array::from_fn(|at| 100 + u8::try_from(at).unwrap());
        let seal = Seal::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
        let mut seal = ManuallyDrop::new(seal);
        assert!(key_bytes(&seal).iter().any(|byte| *byte != 0));
        // SAFETY: once.
        unsafe { ManuallyDrop::drop(&mut seal) };
        assert!(key_bytes(&seal).iter().all(|byte| *byte == 0));
    }
}
