//! Finding many texts in a stream of bytes, fast when none of them is there.
//!
//! Most output holds no secret, so the work is to say "no" quickly. Every text is at least [`MIN_SECRET`] bytes long;
//! if it stands somewhere, then one of its first blocks begins at a multiple of the *stride*. So only every
//! stride-th block is looked up, in a table of hashes, which costs less than a cycle per byte and needs no state.
//! Where the table says "maybe", the first bytes of the text are looked up in a second one; what passes both is
//! compared with the texts themselves.
//!
//! Output made of almost-secrets would make that slow, so there is a budget for comparisons in vain. When it is
//! spent, the rest of the piece goes through an automaton, whose time does not depend on what it reads.

use super::{MIN_SECRET, PLACEHOLDER};
use aho_corasick::{AhoCorasick, Input, MatchKind};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Bytes read for one look at a table.
const WORD: usize = 8;
/// Odd, bits in no order: the golden ratio.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
/// Comparisons in vain that are allowed in every piece, however short.
const FREE: usize = 64;
/// … and one more for so many bytes.
const BYTES_PER_TRY: usize = 128;

/// Texts to replace; at least one, none shorter than [`MIN_SECRET`].
pub(super) struct Patterns {
    /// In byte order, each once.
    sorted: Vec<Vec<u8>>,
    /// For each text the longest other one that it begins with.
    parent: Vec<Option<u32>>,
    /// Length of the longest.
    longest: usize,
    /// What they begin with.
    first: [bool; 256],
    blocks: Table,
    begins: Table,
    /// Between blocks that are looked up, bytes.
    stride: usize,
    automaton: OnceLock<Option<AhoCorasick>>,
}

/// What hashes of some bytes of the texts say: which of eight things they may be.
struct Table {
    cells: Vec<u8>,
    /// How many bytes of a word count, as bits that do not.
    drop: u32,
    /// Of the hash.
    shift: u32,
}

impl Table {
    /// An empty one for `entries` of `width` bytes, up to [`WORD`].
    fn new(width: usize, entries: usize) -> Self {
        // One cell in sixteen is taken, so that chance says "maybe" seldom.
        let bits = (entries.max(1) * 16).ilog2().clamp(10, 20);
        Self { cells: vec![0; 1 << bits], drop: (WORD - width.min(WORD)) as u32 * 8, shift: u64::BITS - bits }
    }

    fn place(&self, word: u64) -> usize {
        ((word << self.drop).wrapping_mul(MIX) >> self.shift) as usize
    }

    fn enter(&mut self, bytes: &[u8], bit: usize) {
        let mut word = [0; WORD];
        let width = bytes.len().min(WORD);
        word[..width].copy_from_slice(&bytes[..width]);
        let place = self.place(u64::from_le_bytes(word));
        self.cells[place] |= 1 << bit;
    }

    fn look(&self, word: u64) -> u8 {
        self.cells[self.place(word)]
    }
}

/// The bytes at a place; `None` near the end.
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk::<WORD>()?))
}

impl Patterns {
    /// `None` without texts.
    pub(super) fn new(texts: BTreeSet<Vec<u8>>) -> Option<Self> {
        let sorted: Vec<Vec<u8>> = texts.into_iter().filter(|t| t.len() >= MIN_SECRET).collect();
        let shortest = sorted.iter().map(Vec::len).min()?;
        let longest = sorted.iter().map(Vec::len).max()?;
        let stride = (shortest / 2).clamp(1, 8);
        let width = (shortest + 1 - stride).min(WORD);
        let mut blocks = Table::new(width, sorted.len() * stride);
        // Looked up seldom, and what passes it costs most: four times as large for its entries.
        let mut begins = Table::new(shortest, sorted.len() * 4);
        let mut first = [false; 256];
        let mut parent: Vec<Option<u32>> = Vec::with_capacity(sorted.len());
        for (i, text) in sorted.iter().enumerate() {
            for from in 0..stride {
                blocks.enter(&text[from..from + width], from);
            }
            begins.enter(&text[..shortest], 0);
            first[usize::from(text[0])] = true;
            // Whatever `text` begins with also begins its predecessor, or is it.
            let mut before = i.checked_sub(1);
            while let Some(b) = before.filter(|b| !text.starts_with(&sorted[*b])) {
                before = parent[b].map(|p| p as usize);
            }
            parent.push(before.and_then(|b| u32::try_from(b).ok()));
        }
        Some(Self { sorted, parent, longest, first, blocks, begins, stride, automaton: OnceLock::new() })
    }

    /// Whether output was so full of almost-texts that the automaton was needed.
    #[cfg(test)]
    pub(super) fn is_slow(&self) -> bool {
        self.automaton.get().is_some()
    }

    /// How many texts.
    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Writes the bytes with all texts replaced, the leftmost first, of several at one place the longest. Returns
    /// how many of `bytes` are done; the rest may be the begin of a text. With `last`, everything is done.
    pub(super) fn replace(&self, bytes: &[u8], out: &mut Vec<u8>, last: bool) -> usize {
        let mut budget = FREE + bytes.len() / BYTES_PER_TRY;
        let mut at = 0;
        let mut from = 0;
        while let Some(start) = self.candidate(bytes, from) {
            match self.judge(bytes, start, last) {
                Found::Open => {
                    out.extend_from_slice(&bytes[at..start]);
                    return start;
                }
                Found::Text(length) => {
                    out.extend_from_slice(&bytes[at..start]);
                    out.extend_from_slice(PLACEHOLDER.as_bytes());
                    at = start + length;
                    from = at;
                }
                Found::Nothing => {
                    from = start + 1;
                    budget -= 1;
                    if budget == 0 {
                        out.extend_from_slice(&bytes[at..from]);
                        return from + self.replace_evenly(&bytes[from..], out, last);
                    }
                }
            }
        }
        out.extend_from_slice(&bytes[at..]);
        bytes.len()
    }

    /// The first place at or after `from` where a text or the begin of one may stand.
    fn candidate(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let mut at = from.next_multiple_of(self.stride);
        while let Some(block) = word(bytes, at) {
            let mut offsets = self.blocks.look(block);
            // A greater offset in the text is an earlier begin.
            while offsets != 0 {
                let offset = offsets.ilog2();
                offsets &= !(1 << offset);
                if let Some(start) = at.checked_sub(offset as usize).filter(|start| *start >= from)
                    && word(bytes, start).is_none_or(|begin| self.begins.look(begin) != 0)
                {
                    return Some(start);
                }
            }
            at += self.stride;
        }
        // No whole block is left, perhaps not even a whole begin.
        let rest = from.max((at + 1).saturating_sub(self.stride));
        (rest..bytes.len()).find(|start| self.first[usize::from(bytes[*start])])
    }

    /// What stands at a place.
    fn judge(&self, bytes: &[u8], start: usize, last: bool) -> Found {
        let tail = &bytes[start..];
        // All texts that `tail` is the begin of follow it directly in byte order.
        let next = self.sorted.partition_point(|text| text.as_slice() <= tail);
        if !last && tail.len() < self.longest && self.sorted.get(next).is_some_and(|t| t.starts_with(tail)) {
            // May turn out to be a text, or a longer one.
            return Found::Open;
        }
        let mut before = next.checked_sub(1);
        while let Some(i) = before {
            let text = &self.sorted[i];
            if tail.starts_with(text) {
                return Found::Text(text.len());
            }
            before = self.parent[i].map(|p| p as usize);
        }
        Found::Nothing
    }

    /// As [`Patterns::replace`], in the same time for whatever is read.
    pub(super) fn replace_evenly(&self, bytes: &[u8], out: &mut Vec<u8>, last: bool) -> usize {
        let automaton = self.automaton.get_or_init(|| {
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&self.sorted).ok()
        });
        let open_from = |at: usize| if last { bytes.len() } else { self.open(bytes, at) };
        let (mut at, mut open) = (0, open_from(0));
        loop {
            let found = match automaton {
                Some(automaton) => automaton.find(Input::new(bytes).range(at..)).map(|f| f.range()),
                // Building it fails only beyond 2^31 states, that is with gigabytes of secrets.
                None => (at..bytes.len()).find_map(|start| match self.judge(bytes, start, true) {
                    Found::Text(length) => Some(start..start + length),
                    _ => None,
                }),
            };
            // What begins at or after `open` may turn out longer with the next piece.
            let Some(found) = found.filter(|found| found.start < open || last) else { break };
            out.extend_from_slice(&bytes[at..found.start]);
            out.extend_from_slice(PLACEHOLDER.as_bytes());
            at = found.end;
            if open < at {
                open = open_from(at);
            }
        }
        out.extend_from_slice(&bytes[at..open]);
        open
    }

    /// The first place at or after `at` from which all bytes are the begin of a longer text.
    fn open(&self, bytes: &[u8], at: usize) -> usize {
        let mut from = at.max((bytes.len() + 1).saturating_sub(self.longest));
        while let Some(start) = self.candidate(bytes, from) {
            if matches!(self.judge(bytes, start, false), Found::Open) {
                return start;
            }
            from = start + 1;
        }
        bytes.len()
    }
}

enum Found {
    /// All bytes from here on are the begin of a text.
    Open,
    /// A text of this length.
    Text(usize),
    Nothing,
}
