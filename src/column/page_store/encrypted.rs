//! Pages sealed before another store sees them.

use std::fmt;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::{Zeroize, Zeroizing};

use super::keys::PageKeys;
use super::{PageKey, PageStore, PageStoreArgs, PageStoreFactory, SpillMetrics};
use crate::budget::MemoryBudget;
use crate::errors::{ParquetError, Result};

/// Wraps the stores of another factory so that they only see ciphertext: AES-256-GCM under a random
/// key that exists in the memory of this process alone and ends with the factory and its stores: the key and what it is
/// expanded to are then overwritten. What a call leaves on the stack and in registers while it works with them is not.
///
/// A blob that was changed, cut, or exchanged for another fails with
/// [`CorruptBlob`](ParquetError::CorruptBlob): the nonce of each blob follows from its store and its key and is used
/// once. Each blob is 16 bytes longer in the inner store, and costs no memory where the inner store counts its keys.
pub struct EncryptedPageStoreFactory {
    inner: Arc<dyn PageStoreFactory>,
    seal: Arc<Seal>,
}

/// A key and the number of stores that use it. Dropping it overwrites the key, which `ring` does not.
struct Seal {
    /// Initialised as long as this lives.
    key: MaybeUninit<LessSafeKey>,
    stores: AtomicU64,
}

struct EncryptedPageStore {
    inner: Box<dyn PageStore>,
    seal: Arc<Seal>,
    /// No other store of the factory has this number.
    number: u64,
    /// Puts that were begun. Each has a nonce of its own, also if the inner store refused its blob.
    begun: u32,
    /// The nonce of each blob.
    nonces: PageKeys,
    inner_keys: PageKeys,
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
            number: self.seal.stores.fetch_add(1, Ordering::Relaxed),
            begun: 0,
            nonces: PageKeys::default(),
            inner_keys: PageKeys::default(),
        }))
    }

    fn for_budget(&self, budget: &MemoryBudget) -> Option<Arc<dyn PageStoreFactory>> {
        let inner = self.inner.for_budget(budget)?;
        let seal = Arc::clone(&self.seal);
        Some(Arc::new(Self { inner, seal }))
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
        self.put_sealed(&value)
    }

    fn put_from(&mut self, buffer: &mut Vec<u8>, from: usize) -> Result<PageKey> {
        self.put_sealed(buffer.get(from..).unwrap_or_default())
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let mut buffer = Vec::new();
        self.take_into(key, &mut buffer)?;
        Ok(Bytes::from(buffer))
    }

    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        self.inner.take_into(self.inner_keys.get(key)?, buffer)?;
        let begun = u32::try_from(self.nonces.get(key)?.get())?;
        self.seal.open(nonce(self.number, begun), buffer)
    }

    fn spill(&mut self) -> Result<usize> {
        self.inner.spill()
    }

    fn memory_size(&self) -> usize {
        let inner = self.inner.memory_size();
        inner.saturating_add(self.inner_keys.memory_size() + self.nonces.memory_size())
    }

    fn reserved_size(&self) -> usize {
        self.inner.reserved_size()
    }
}

impl EncryptedPageStore {
    fn put_sealed(&mut self, value: &[u8]) -> Result<PageKey> {
        let begun = self.begun;
        let next = begun.checked_add(1);
        self.begun = next.ok_or_else(|| {
            ParquetError::General("a store of encrypted pages has no nonces left".to_owned())
        })?;
        let mut sealed = Vec::with_capacity(value.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(value);
        self.seal.close(nonce(self.number, begun), &mut sealed)?;
        let inner_key = self.inner.put(Bytes::from(sealed))?;
        self.nonces.push(PageKey::new(begun.into()));
        Ok(self.inner_keys.push(inner_key))
    }
}

impl Seal {
    fn new(key: UnboundKey) -> Self {
        Self {
            key: MaybeUninit::new(LessSafeKey::new(key)),
            stores: AtomicU64::new(0),
        }
    }

    fn key(&self) -> &LessSafeKey {
        // SAFETY: initialised by the only constructor, and overwritten by the drop alone.
        unsafe { self.key.assume_init_ref() }
    }

    /// Encrypts in place and appends the tag.
    fn close(&self, nonce: Nonce, buffer: &mut Vec<u8>) -> Result<()> {
        self.key()
            .seal_in_place_append_tag(nonce, Aad::empty(), buffer)
            .map_err(|_| ParquetError::General("a page is too long to encrypt".to_owned()))
    }

    /// Decrypts in place and removes the tag.
    fn open(&self, nonce: Nonce, buffer: &mut Vec<u8>) -> Result<()> {
        let sealed_bytes = buffer.len();
        let opened = self
            .key()
            .open_in_place(nonce, Aad::empty(), buffer)
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

/// The nonce of one put of one store.
fn nonce(store: u64, put: u32) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    let number = store.to_le_bytes().into_iter().chain(put.to_le_bytes());
    for (to, from) in bytes.iter_mut().zip(number) {
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
        // SAFETY: inside the field, which has been written to as a whole or, the bytes between its parts, is only
        // compared.
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
