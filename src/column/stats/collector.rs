//! Gathers the bounds of a column's open page and of its chunk.

use super::bounds::{Bounds, Extremes, PageBounds, Seen};
use super::bytes::{BytesExtremes, WordExtremes, signed_fixed, viewed};
use super::floats::{self, FloatExtremes};
use super::numbers;
use super::order::BoundsOrder;
use super::truncate::{Kept, Truncation};
use crate::data_type::values::{ByteSource, ByteValues, FixedValues, Picks, Values};
use crate::data_type::{AsBytes, Int96};
use crate::schema::types::ColumnDescriptor;

/// Bounds of one column: of the page that is open, and of the chunk up to the last finished page.
#[derive(Debug)]
pub(crate) struct StatsCollector {
    order: BoundsOrder,
    page: Extremes,
    page_nans: u64,
    chunk: Extremes,
    chunk_nans: u64,
    kept: Option<Kept>,
}

impl StatsCollector {
    pub(crate) fn new(descr: &ColumnDescriptor) -> Self {
        Self {
            order: BoundsOrder::of(descr),
            page: Extremes::default(),
            page_nans: 0,
            chunk: Extremes::default(),
            chunk_nans: 0,
            kept: None,
        }
    }

    /// Keeps no more of bounds than is needed for bounds cut in these ways.
    pub(crate) fn keep_for(&mut self, cuts: &[Truncation]) {
        let kept = cuts.iter().map(Truncation::kept);
        self.kept = kept.reduce(|all, one| Some(all?.and(one?))).flatten();
    }

    /// How the column's bounds compare.
    pub(crate) fn order(&self) -> BoundsOrder {
        self.order
    }

    /// Whether the column has an order, and so bounds.
    fn is_defined(&self) -> bool {
        self.order != BoundsOrder::Undefined
    }

    /// Whether each distinct value may be given once in place of all values: not where
    /// not-a-numbers are counted.
    pub(crate) fn takes_distinct(&self) -> bool {
        !self.order.has_nans()
    }

    /// Takes in values of the open page. A value may be given more than once.
    pub(crate) fn update(&mut self, values: &Values<'_>) {
        let (order, page) = (self.order, &mut self.page);
        let mut add = |min: &[u8], max: &[u8]| page.add(order, Seen::Numbers, min, max);
        match (order, *values) {
            (BoundsOrder::Undefined, _) => {}
            (_, Values::Boolean(bits)) => {
                let ones = bits.count_ones();
                if bits.len() > 0 {
                    add(&[u8::from(ones == bits.len())], &[u8::from(ones > 0)]);
                }
            }
            (BoundsOrder::UInt32, Values::Int32(values)) => {
                if let Some((min, max)) = numbers::extremes(values, |value| value.cast_unsigned()) {
                    add(&min.to_le_bytes(), &max.to_le_bytes());
                }
            }
            (_, Values::Int32(values)) => {
                if let Some((min, max)) = numbers::extremes(values, |value| value) {
                    add(&min.to_le_bytes(), &max.to_le_bytes());
                }
            }
            (BoundsOrder::UInt64, Values::Int64(values)) => {
                if let Some((min, max)) = numbers::extremes(values, |value| value.cast_unsigned()) {
                    add(&min.to_le_bytes(), &max.to_le_bytes());
                }
            }
            (_, Values::Int64(values)) => {
                if let Some((min, max)) = numbers::extremes(values, |value| value) {
                    add(&min.to_le_bytes(), &max.to_le_bytes());
                }
            }
            (_, Values::Int96(values)) => {
                if let (Some(min), Some(max)) = (values.iter().min(), values.iter().max()) {
                    add(Int96::as_bytes(min), Int96::as_bytes(max));
                }
            }
            (_, Values::Float(values)) => self.add_floats(floats::extremes32(values)),
            (_, Values::Double(values)) => self.add_floats(floats::extremes64(values)),
            (BoundsOrder::Float16, Values::Fixed(values)) => {
                self.add_floats(floats::extremes16(values.data()))
            }
            (_, Values::Bytes(values)) => self.add_bytes(&values),
            (BoundsOrder::SignedBytes, Values::Fixed(values)) if values.width() <= 16 => {
                if let Some((min, max)) = signed_fixed(&values) {
                    add(min, max);
                }
            }
            (_, Values::Fixed(values)) => self.add_fixed(values),
        }
    }

    /// Takes in values by bounds that the caller knows, as PLAIN bytes. Of the values themselves only
    /// not-a-numbers are counted: readers rely on that count, and it cannot be given. Bounds that are
    /// not-a-numbers, or of nothing else, are found anew.
    pub(crate) fn update_given(&mut self, min: &[u8], max: &[u8], values: &Values<'_>) {
        if !self.is_defined() {
            return;
        }
        let nans = floats::count_nans(self.order, values);
        let is_nan = |bound| floats::is_nan(self.order, bound);
        if nans > 0 && nans == values.len() as u64 || is_nan(min) || is_nan(max) {
            return self.update(values);
        }
        self.page_nans += nans;
        self.page.add(self.order, Seen::Numbers, min, max);
    }

    /// Ends the page: its bounds go into the chunk's and are returned. They are to be given back through
    /// [`StatsCollector::recycle`].
    pub(crate) fn finish_page(&mut self) -> PageBounds {
        self.chunk.merge(self.order, &self.page);
        self.chunk_nans += self.page_nans;
        let nan_count = self.order.has_nans().then_some(self.page_nans);
        self.page_nans = 0;
        PageBounds {
            extremes: std::mem::take(&mut self.page),
            nan_count,
        }
    }

    /// Uses the memory of `bounds` for the next page.
    pub(crate) fn recycle(&mut self, bounds: PageBounds) {
        self.page = bounds.extremes;
        self.page.clear();
    }

    /// Gives back what an empty open page does not need.
    pub(crate) fn shrink(&mut self) {
        if self.page.is_empty() {
            self.page = Extremes::default();
        }
    }

    /// Bounds of all finished pages.
    pub(crate) fn chunk(&self) -> Bounds<'_> {
        Bounds {
            min_max: self.chunk.min_max(),
            nan_count: self.order.has_nans().then_some(self.chunk_nans),
        }
    }

    /// Heap bytes, by capacity. O(1).
    pub(crate) fn memory_size(&self) -> usize {
        self.page.memory_size() + self.chunk.memory_size()
    }

    fn add_floats<const N: usize>(&mut self, found: Option<FloatExtremes<N>>) {
        if let Some(found) = found {
            self.page_nans += found.nans;
            self.page
                .add(self.order, found.kind, &found.min, &found.max);
        }
    }

    fn add_bytes(&mut self, values: &ByteValues<'_>) {
        let extremes = BytesExtremes {
            order: self.order,
            page: &mut self.page,
            kept: self.kept,
        };
        let ByteSource::Views { views, buffers } = values.source() else {
            return values.visit(extremes);
        };
        match values.picks() {
            Picks::Range { from, len } if self.order == BoundsOrder::Bytes => {
                let views = views.get(from..from + len).unwrap_or_default();
                match WordExtremes::of(views) {
                    Some(words) => extremes.add(Some(words.bounds())),
                    None => extremes.add(viewed(views.iter(), buffers)),
                }
            }
            Picks::Indices(picks) if self.order == BoundsOrder::Bytes => {
                let views = picks.iter().filter_map(|pick| views.get(*pick as usize));
                extremes.add(viewed(views, buffers));
            }
            _ => values.visit(extremes),
        }
    }

    fn add_fixed(&mut self, values: FixedValues<'_>) {
        let picks = Picks::Range {
            from: 0,
            len: values.len(),
        };
        self.add_bytes(&ByteValues::new(ByteSource::Fixed(values), picks));
    }
}
