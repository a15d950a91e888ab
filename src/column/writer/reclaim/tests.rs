use super::*;

/// No columns.
fn none() -> [ChunkWriter<'static>; 0] {
    []
}

/// A writer without columns, on a budget of 128,000 bytes.
fn reclaimer(budget: &MemoryBudget) -> MemoryReclaimer {
    let member = Arc::new(budget.register());
    let scratch = ScratchPool::new(member.budget().clone());
    let shape = WriterShape {
        codecs: 1,
        codec_bytes: 0,
    };
    MemoryReclaimer::new(member, scratch, shape)
}

#[test]
fn relief_that_freed_nothing_waits_until_the_writer_has_grown() {
    let budget = MemoryBudget::new(128_000);
    let mut reclaimer = reclaimer(&budget);
    let mut held = reclaimer.reserve();
    held.resize(120_000);
    assert!(!reclaimer.is_spent(0), "nothing was tried yet");
    let outcome = reclaimer.run(&mut none()).unwrap();
    assert_eq!(outcome, Reclaimed::OnlyTheRowGroupIsLeft);
    held.resize(120_999);
    assert!(reclaimer.is_spent(0));
    held.resize(121_000);
    assert!(!reclaimer.is_spent(0));
    assert!(
        reclaimer.is_spent(16),
        "the more columns, the more it takes"
    );
    // What was freed since may be taken and freed again.
    held.resize(100_000);
    assert!(reclaimer.is_spent(0));
    held.resize(101_000);
    assert!(!reclaimer.is_spent(0));
    reclaimer.run(&mut none()).unwrap();
    reclaimer.note_end();
    assert!(!reclaimer.is_spent(0));
}

#[test]
fn relief_that_freed_enough_may_be_asked_again() {
    let budget = MemoryBudget::new(128_000);
    let mut reclaimer = reclaimer(&budget);
    let scratch = |bytes: usize| {
        let scratch = &reclaimer.scratch;
        scratch.with_buffer(|buffer| {
            buffer.reserve_exact(bytes);
            Ok(())
        })
    };
    scratch(120_000).unwrap();
    assert_eq!(reclaimer.run(&mut none()).unwrap(), Reclaimed::Enough);
    assert!(!reclaimer.is_spent(0));
}

#[test]
fn whoever_works_gives_way_when_those_above_their_share_are_idle() {
    let budget = MemoryBudget::new(128_000);
    let (mut small, large) = (reclaimer(&budget), reclaimer(&budget));
    let (mut little, mut much) = (small.reserve(), large.reserve());
    much.resize(100_000);
    little.resize(15_000);
    assert_eq!(small.run(&mut none()).unwrap(), Reclaimed::Enough);
    much.resize(102_000);
    let outcome = small.run(&mut none()).unwrap();
    assert_eq!(outcome, Reclaimed::OnlyTheRowGroupIsLeft);
}

#[test]
fn ending_a_row_group_pays_by_the_share_of_a_writer() {
    let budget = MemoryBudget::new(128_000);
    let reclaimer = reclaimer(&budget);
    assert!(reclaimer.pays_to_end(26_000, 10_000, 0));
    assert!(!reclaimer.pays_to_end(25_999, 10_000, 0));
    let _others: Vec<_> = (0..15).map(|_| budget.register()).collect();
    assert!(reclaimer.pays_to_end(1_000, 900, 0));
    assert!(!reclaimer.pays_to_end(999, 0, 0));
}

#[test]
fn caps_follow_the_number_of_writers() {
    let budget = MemoryBudget::new(32 << 20);
    let one = page_cap(&budget, 1).unwrap();
    assert_eq!((one.page_bytes, one.dictionary_bytes), (1 << 20, 3_355_443));
    let _members: Vec<_> = (0..64).map(|_| budget.register()).collect();
    let many = page_cap(&budget, 1).unwrap();
    assert_eq!(
        (many.page_bytes, many.dictionary_bytes),
        (128 << 10, 256 << 10)
    );
}
