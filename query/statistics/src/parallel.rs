//! Sums over many rows on all processors, the same to the last bit on any number of them.
//!
//! Rows are cut into blocks of a fixed size, each block is summed by itself, and the sums are merged in the blocks' order. So rounding depends on
//! the rows alone and the same input gives the same bytes out.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

/// Rows in a block: enough work to be worth handing over, few enough to share out evenly.
pub const BLOCK: usize = 16_384;

/// `each` over every block of `0..n`, merged in order; `None` when there are no rows.
pub fn over_blocks<T: Send>(n: usize, each: impl Fn(Range<usize>) -> T + Sync, merge: impl FnMut(T, T) -> T) -> Option<T> {
    map(n.div_ceil(BLOCK), |block| each(block * BLOCK..((block + 1) * BLOCK).min(n))).into_iter().reduce(merge)
}

/// `each` of `0..n`, in order, computed on all processors.
pub fn map<T: Send>(n: usize, each: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = processors().min(n);
    if threads <= 1 {
        return (0..n).map(each).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(n));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = Vec::new();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= n {
                        break;
                    }
                    mine.push((at, each(at)));
                }
                done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).append(&mut mine);
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, value)| value).collect()
}

/// `each` of these, in order, computed on all processors.
pub fn map_each<A: Send, B: Send>(items: Vec<A>, each: impl Fn(A) -> B + Sync) -> Vec<B> {
    let items: Vec<Mutex<Option<A>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    let taken = map(items.len(), |at| items[at].lock().unwrap_or_else(std::sync::PoisonError::into_inner).take().map(&each));
    taken.into_iter().flatten().collect()
}

/// How many processors there are, asked for once: on Linux the answer is read from files, which takes longer than a small sum.
fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_over_blocks_is_the_sum_of_the_blocks_in_order() {
        let value = |i: usize| 1.0 / (i as f64 + 1.0);
        let n = 3 * BLOCK + 17;
        let together = over_blocks(n, |rows| rows.map(value).sum::<f64>(), |a, b| a + b).unwrap();
        let by_hand = (0..4).map(|b| (b * BLOCK..((b + 1) * BLOCK).min(n)).map(value).sum::<f64>()).reduce(|a, b| a + b).unwrap();
        assert_eq!(together.to_bits(), by_hand.to_bits());
        assert_eq!(over_blocks(0, |_| 1.0, |a, b| a + b), None);
    }

    #[test]
    fn answers_come_in_order() {
        assert_eq!(map(1000, |i| i * i), (0..1000).map(|i| i * i).collect::<Vec<_>>());
        assert!(map(0, |i| i).is_empty());
        let words = ["a", "b", "c"].map(String::from).to_vec();
        assert_eq!(map_each(words, |word| word + "!"), ["a!", "b!", "c!"]);
    }
}
