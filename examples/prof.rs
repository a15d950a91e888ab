//! scratch
use std::time::Instant;
#[path = "../benches/support/cases.rs"]
mod cases;
use cases::{Codec, write_ours, write_peer};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let runs: usize = a[4].parse().unwrap();
    let rows: usize = a.get(5).map_or(1_000_000, |r| r.parse().unwrap());
    for recipe in cases::recipes(rows, 0.1) {
        if !recipe.name.contains(&a[1]) { continue; }
        let case = recipe.case();
        for codec in Codec::ALL.into_iter().filter(|c| c.name().contains(&a[2])) {
            let go = |ours: bool| { let t = Instant::now(); if ours { write_ours(&case, codec); } else { write_peer(&case, codec); } t.elapsed().as_secs_f64()*1e3 };
            let (mut o, mut p) = (vec![], vec![]);
            for i in 0..runs {
                if a[3] != "p" { if i % 2 == 0 { o.push(go(true)); } }
                if a[3] != "o" { p.push(go(false)); }
                if a[3] != "p" { if i % 2 == 1 { o.push(go(true)); } }
            }
            o.sort_by(f64::total_cmp); p.sort_by(f64::total_cmp);
            let s = |v: &Vec<f64>| if v.is_empty() { (0.0,0.0) } else { (v[0], v[v.len()/2]) };
            let ((omin, omed), (pmin, pmed)) = (s(&o), s(&p));
            println!("{:<20} {:<13} ours min {:.2} med {:.2}   peer min {:.2} med {:.2}   ratio min {:.2} med {:.2}", case.name, codec.name(), omin, omed, pmin, pmed, pmin/omin, pmed/omed);
        }
    }
}
