//! The machine alone, fed by hand.

use chrono::{DateTime, TimeDelta};
use uuid::Uuid;

use super::*;
use crate::sync::catch_up::{LogPlace, Page, PageEnd};
use crate::sync::cursor::{Cursor, Identity};
use crate::sync::event::Delta;
use crate::sync::guard::Guards;

fn observed(snapshot: &str, second: i64) -> Observed {
    Observed {
        identity: Identity { epoch: Uuid::nil(), system_identifier: 7, timeline: 1 },
        snapshot: snapshot.parse().expect("valid"),
        is_standby: false,
        node: "a".to_owned(),
        floor_xid: 0,
        insert_lsn: Some(100),
        flush_lsn: Some(90),
        as_of: DateTime::UNIX_EPOCH + TimeDelta::seconds(second),
        told: None,
        contract_version: 1,
    }
}

/// A machine whose copy equals the server at this snapshot.
fn machine(snapshot: &str) -> Machine {
    let position = Position {
        cursor: Some(Cursor::new(observed(snapshot, 0), Catalog::default())),
        settled: Dataset::ALL.into(),
        cut_count: 1,
        ..Position::default()
    };
    let config = MachineConfig {
        pull_ms: 2_000,
        cut_while_loading_ms: 20_000,
        contract_versions: 1..=1,
        keep: RowWindow::default(),
        seed: 1,
        guards: Guards::ALL,
    };
    Machine::new(config, position)
}

fn opened(observed: Observed) -> Event {
    Event::CutOpened { observed: Box::new(observed), catalog: Box::default() }
}

fn pause(instructions: &[Instruction]) -> Option<u64> {
    instructions.iter().find_map(|instruction| match instruction {
        Instruction::Sleep { ms } => Some(*ms),
        _ => None,
    })
}

#[test]
fn s17_an_empty_cut_waits_for_nothing_and_leaves_the_cursor() {
    let mut machine = machine("10:10:");
    assert_eq!(machine.push(Event::Wake { by_person: false }), [Instruction::Connect]);
    machine.push(Event::Connected);
    assert!(matches!(machine.push(opened(observed("30:30:", 5)))[..], [Instruction::ReadDelta { .. }]));
    let wait = machine.push(Event::DeltaRead(Delta::default()));
    assert_eq!(wait, [Instruction::AwaitFlush { lsn: None, keeps_cut: false, ack: None }]);
    machine.push(Event::Flushed { acked: None });
    machine.push(Event::Committed);
    let cursor = machine.position().cursor.as_ref().expect("a cursor");
    assert_eq!(cursor.snapshot.to_string(), "10:10:", "30 is not on the server's disk");
    assert_eq!(cursor.as_of, observed("30:30:", 5).as_of);
    // What changes is awaited.
    machine.push(Event::Wake { by_person: false });
    machine.push(Event::Peeked(Box::new(observed("31:31:", 6))));
    machine.push(opened(observed("31:31:", 6)));
    let wait = machine.push(Event::DeltaRead(Delta { row_count: 1, is_empty: false, ..Delta::default() }));
    assert!(matches!(wait[..], [Instruction::AwaitFlush { lsn: Some(100), .. }]), "{wait:?}");
}

#[test]
fn s21_quiet_looks_grow_apart_until_something_happens_or_somebody_watches() {
    let mut machine = machine("10:10:");
    machine.push(Event::Wake { by_person: true });
    machine.push(Event::Connected);
    machine.push(opened(observed("10:10:", 1)));
    machine.push(Event::DeltaRead(Delta::default()));
    machine.push(Event::Flushed { acked: None });
    let mut pauses = vec![pause(&machine.push(Event::Committed)).expect("a pause")];
    for second in 2..60 {
        assert_eq!(machine.push(Event::Wake { by_person: false }), [Instruction::Peek]);
        machine.push(Event::Peeked(Box::new(observed("10:10:", second))));
        pauses.push(pause(&machine.push(Event::Committed)).expect("a pause"));
    }
    assert!(pauses.is_sorted() && pauses[..20].iter().all(|ms| *ms == 2_000), "{pauses:?}");
    assert_eq!(pauses.last(), Some(&60_000));
    assert_eq!(pause(&machine.push(Event::Attended)), Some(2_000), "somebody watches");
    assert!(machine.push(Event::Attended).is_empty(), "and does not move the look any further");
}

#[test]
fn s18_pages_end_at_the_horizon_and_a_cut_reads_the_rest() {
    let mut machine = machine("10:12:10");
    machine.push(Event::Wake { by_person: false });
    machine.push(Event::Connected);
    let read = machine.push(opened(observed("40:50:40,45", 5)));
    assert!(matches!(read[..], [Instruction::ReadDelta { may_page: true, .. }]), "{read:?}");
    machine.push(Event::DeltaRead(Delta { is_long: true, is_empty: false, ..Delta::default() }));
    machine.push(Event::Flushed { acked: None });
    let mut next = machine.push(Event::Committed);
    assert!(!machine.position().is_consistent(), "nothing is called consistent while pages are left");
    let mut places = Vec::new();
    while let [Instruction::ReadPage { page: page @ Page::Log { after, horizon, limit } }] = &next[..] {
        assert_eq!(*horizon, 40, "the oldest transaction that ran");
        places.push(*after);
        let is_last = places.len() == 3;
        let end = PageEnd {
            row_count: if is_last { 1 } else { u64::from(*limit) },
            last_entry: Some(LogPlace { xid: 11 + places.len() as u64, seq: 1 }),
            ..PageEnd::default()
        };
        let position = machine.position().after_page(page, end, &observed("60:60:", 6), &Catalog::default());
        next = machine.push(Event::PageDone { position: Box::new(position), elapsed_ms: 400 });
    }
    assert_eq!(
        places.iter().map(|place| place.map(|place| place.xid)).collect::<Vec<_>>(),
        [None, Some(12), Some(13)]
    );
    for _ in 0..10 {
        let event = match &next[..] {
            [Instruction::MeasureWindow { since: Some(_), .. }] => {
                Event::WindowMeasured { occupied: crate::sync::load::Occupied::Nowhere }
            }
            [Instruction::ReadPage { page }] => {
                let place = machine.position();
                let position =
                    place.after_page(page, PageEnd::default(), &observed("60:60:", 6), &Catalog::default());
                Event::PageDone { position: Box::new(position), elapsed_ms: 4 }
            }
            [Instruction::OpenCut { expected: Some(expected), .. }] => {
                assert_eq!(expected.since.to_string(), "40:40:", "everything below the horizon was read");
                return;
            }
            other => panic!("{other:?}"),
        };
        next = machine.push(event);
    }
    panic!("the pages end");
}

#[test]
fn s18_where_the_oldest_writer_is_still_open_nothing_can_be_paged() {
    let mut machine = machine("10:12:10");
    machine.push(Event::Wake { by_person: false });
    machine.push(Event::Connected);
    let read = machine.push(opened(observed("10:50:10,45", 5)));
    assert!(matches!(read[..], [Instruction::ReadDelta { may_page: false, .. }]), "{read:?}");
}

#[test]
fn s45_what_was_read_from_new_partitions_is_dropped_and_a_cut_comes_first() {
    let mut machine = machine("10:10:");
    let load = crate::sync::Load::whole(Dataset::Teams, &Catalog::default(), None);
    machine.position.loads.insert(Dataset::Teams, load);
    machine.position.settled.remove(&Dataset::Teams);
    machine.push(Event::Wake { by_person: false });
    assert!(matches!(machine.push(Event::Connected)[..], [Instruction::ReadChunk { .. }]));
    let again = machine.push(Event::Failed { kind: ErrorKind::Conflict });
    assert_eq!(again, [Instruction::Disconnect, Instruction::Connect], "without a pause");
    assert!(machine.trouble().is_none(), "nobody has to know");
    assert!(matches!(machine.push(Event::Connected)[..], [Instruction::OpenCut { .. }]));
}
