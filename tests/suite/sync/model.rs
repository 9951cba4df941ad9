//! The engine's decisions against servers in memory: every interleaving is cheap, so millions are tried.
//!
//! The same transactions as in [`super::stress`], but the servers are by the book ([`node`]), misfortune is
//! drawn like everything else ([`world`]), and the engine is its sans-IO machine alone ([`client`]).

mod client;
mod node;
mod world;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use steward_core::sync::{Guard, Guards};

use super::script::Table;
use client::Client;
use world::{Servers, Transition, World};

/// The tables a cut locks.
const TABLES: [Table; 3] = Table::ALL;

/// Steps of one case.
const STEPS: usize = 400;

/// The engine with these guards; `WRAPS` begins just below where 32 bits end.
struct Engine<const GUARD: u8, const WRAPS: bool, const PACED: bool>;

/// A guard as a number, since a test's type names the one it goes without.
const fn guards(guard: u8) -> Guards {
    match guard {
        1 => Guards::without(Guard::SnapshotCursor),
        2 => Guards::without(Guard::TableLock),
        3 => Guards::without(Guard::FlushWait),
        4 => Guards::without(Guard::StandbySuperset),
        5 => Guards::without(Guard::WideXid),
        _ => Guards::ALL,
    }
}

impl<const GUARD: u8, const WRAPS: bool, const PACED: bool> StateMachineTest for Engine<GUARD, WRAPS, PACED> {
    type SystemUnderTest = Client;
    type Reference = Servers<WRAPS, PACED>;

    fn init_test(world: &World) -> Client {
        Client::new(guards(GUARD), world.pace)
    }

    fn apply(mut client: Client, world: &World, transition: Transition) -> Client {
        let generation = client.generation();
        match transition {
            Transition::Client => client.step(world),
            Transition::Fail(draw) => client.fail(draw),
            Transition::Kill => client.kill(),
            Transition::Verify => client.verify(),
            Transition::Keep(days) => client.keep(days.map(u32::from)),
            Transition::Begin(..)
            | Transition::Advance(_)
            | Transition::Flush
            | Transition::Replicate(_)
            | Transition::Route(_)
            | Transition::Crash
            | Transition::Promote(_)
            | Transition::Backup
            | Transition::Restore
            | Transition::Prune(_)
            | Transition::TogglePart(_) => {}
        }
        assert!(client.generation() - generation <= 1, "I4: one commit at a time");
        client
    }

    fn check_invariants(client: &Client, _: &World) {
        client.check();
    }

    fn teardown(mut client: Client, mut world: World) {
        world.calm();
        client.converge(&world);
    }
}

fn config(cases: u32) -> Config {
    Config { cases, max_shrink_iters: 2_000, failure_persistence: None, ..Config::default() }
}

/// Runs cases until one fails, and tells its shortest story; `PROPTEST_CASES` asks for another number.
#[expect(clippy::print_stdout, reason = "how much was tried is the test's answer")]
fn assert_holds<const WRAPS: bool>(cases: u32) {
    let is_asked = std::env::var("PROPTEST_CASES").is_ok();
    let config = config(if is_asked { Config::default().cases } else { cases });
    let mut runner = TestRunner::new(config.clone());
    let strategy = Servers::<WRAPS, true>::sequential_strategy(STEPS / 2..STEPS);
    let outcome = runner.run(&strategy, |(world, transitions, seen)| {
        Engine::<0, WRAPS, true>::test_sequential(config.clone(), world, transitions, seen);
        Ok(())
    });
    match outcome {
        Ok(()) => println!("{} cases of {} to {STEPS} steps", config.cases, STEPS / 2),
        Err(TestError::Fail(reason, (world, transitions, _))) => {
            let story: Vec<String> = transitions.iter().map(|transition| format!("{transition:?}")).collect();
            panic!("{reason}\n{:?}, {} steps: {}", world.pace, story.len(), story.join(", "));
        }
        Err(TestError::Abort(reason)) => panic!("the generator gave up: {reason}"),
    }
}

/// Runs cases until the mutant breaks an invariant. A seed that soon leads there is time saved, nothing else;
/// `STEWARD_SEED` asks for another one.
#[expect(clippy::print_stdout, reason = "how soon it was caught is the test's answer")]
fn assert_caught<const GUARD: u8, const WRAPS: bool>(seed: u8, cases: u32) {
    let seed = std::env::var("STEWARD_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(seed);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(config(1), rng);
    let strategy = Servers::<WRAPS, false>::sequential_strategy(STEPS / 2..STEPS);
    for case in 1..=cases {
        let (world, transitions, _) = strategy.new_tree(&mut runner).expect("a case").current();
        let run = || Engine::<GUARD, WRAPS, false>::test_sequential(config(1), world, transitions, None);
        let Err(payload) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) else { continue };
        let story = payload.downcast_ref::<String>().expect("an assertion's words");
        assert!(["I1", "I6", "I12"].iter().any(|invariant| story.contains(invariant)), "{story}");
        println!("caught in case {case}");
        return;
    }
    panic!("the mutant must be caught within {cases} cases");
}

#[test]
fn s3_the_copy_equals_a_model_server_whatever_happens() {
    assert_holds::<false>(200);
}

#[test]
fn s3_the_copy_equals_a_model_server_where_ids_outgrow_32_bits() {
    assert_holds::<true>(60);
}

#[test]
fn m1_a_cursor_of_numbers_is_caught_in_the_model() {
    assert_caught::<1, false>(1, 2_000);
}

#[test]
fn m2_reading_without_locks_is_caught_in_the_model() {
    assert_caught::<2, false>(6, 5_000);
}

#[test]
fn m3_storing_what_is_not_on_disk_is_caught_in_the_model() {
    assert_caught::<3, false>(6, 5_000);
}

#[test]
fn m4_the_running_transactions_of_a_standby_are_caught_in_the_model() {
    assert_caught::<4, false>(1, 5_000);
}

#[test]
fn m5_ids_of_32_bits_are_caught_in_the_model() {
    assert_caught::<5, true>(2, 2_000);
}
