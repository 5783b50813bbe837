//! Two processes that run what is due at the same time.

use std::sync::{
    Arc, Condvar, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use sluice_engine::{Env, Session};
use sluice_model::{Query, Timestamp};
use sluice_tests::clock::Clock;

use crate::world::{Pipeline, contact, job};

const JOBS: usize = 500;

/// The same clock in another process.
#[derive(Debug)]
struct Elsewhere(Arc<Clock>);

impl Env for Elsewhere {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn random(&self, bytes: &mut [u8]) {
        self.0.random(bytes);
    }

    fn process(&self) -> String {
        "elsewhere".to_owned()
    }
}

/// Lets two runners go on by turns: from one job that is told to the next one.
struct ByTurns {
    /// Whose turn it is, and which have ended.
    at: Mutex<(usize, [bool; 2])>,
    passed: Condvar,
}

impl ByTurns {
    fn wait(&self, me: usize) {
        let at = self.at.lock().unwrap();
        drop(self.passed.wait_while(at, |(whose, _)| *whose != me).unwrap());
    }

    fn pass(&self, me: usize) {
        let mut at = self.at.lock().unwrap();
        if !at.1[1 - me] {
            at.0 = 1 - me;
        }
        drop(at);
        self.passed.notify_all();
    }

    /// Runs what is due: how many it asked for in vain.
    fn run(&self, me: usize, session: &Session, ran: &AtomicUsize) -> usize {
        self.wait(me);
        let in_vain = session.run_due_jobs(&AtomicBool::new(false), &mut |_, outcome| {
            outcome?;
            ran.fetch_add(1, Ordering::AcqRel);
            self.pass(me);
            self.wait(me);
            Ok(())
        });
        self.at.lock().unwrap().1[me] = true;
        self.pass(me);
        in_vain.unwrap()
    }
}

/// An organisation in which so many jobs are due, and a second process that has it open.
fn waiting() -> (Pipeline, Arc<dyn Env>) {
    let clock = Arc::new(Clock::at("2026-03-01T09:00:00Z"));
    let env: Arc<dyn Env> = clock.clone();
    let world = Pipeline::on(&env);
    world.step(&job(
        "Create",
        "contact",
        "until-attempt 2 later\ncreate account name ByJob",
    ));
    for _ in 0..JOBS {
        world.create(&world.seller, contact()).created();
    }
    clock.pass_minutes(1);
    (world, Arc::new(Elsewhere(clock)))
}

#[test]
fn two_runners_of_one_queue_seldom_ask_for_what_the_other_has() {
    let (world, env) = waiting();
    let second = world.org.second_process_with(&env);
    let sessions = [world.org.admin().0, second.session_of("admin").unwrap()];
    let turns = ByTurns {
        at: Mutex::new((0, [false; 2])),
        passed: Condvar::new(),
    };
    let ran = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let in_vain: Vec<usize> = std::thread::scope(|scope| {
        let runners: Vec<_> = (0..2)
            .map(|me| (me, &sessions[me], &ran[me], &turns))
            .map(|(me, session, ran, turns)| scope.spawn(move || turns.run(me, session, ran)))
            .collect();
        runners.into_iter().map(|runner| runner.join().unwrap()).collect()
    });
    let ran = ran.map(AtomicUsize::into_inner);
    assert_eq!(ran[0] + ran[1], JOBS, "each runs once");
    assert!(ran.iter().all(|ran| *ran > JOBS / 5), "they share the work: {ran:?}");
    assert!(in_vain.iter().sum::<usize>() <= JOBS / 20, "{in_vain:?} of {JOBS}");
    let named = sluice_model::Filter::eq("name", "ByJob");
    assert_eq!(world.admin.list(Query::new("account").filter(named)).len(), JOBS);
}
