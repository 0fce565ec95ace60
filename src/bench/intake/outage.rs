//! When ClickHouse is away: what the intake holds in memory, and how soon it takes rows again after it was killed with much in its spool.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::Bench;
use super::load::{Push, drive, once};
use super::process::resident_mib;
use super::report::{Figure, Goal};
use super::stand::Serving;

const ROWS: usize = 100;
const CONNECTIONS: usize = 1_000;

/// A way to ClickHouse that can be cut.
struct Line {
    address: SocketAddr,
    to: SocketAddr,
    open: Option<AbortHandle>,
}

impl Line {
    async fn open(to: SocketAddr) -> anyhow::Result<Line> {
        let mut line = Line { address: SocketAddr::from(([127, 0, 0, 1], 0)), to, open: None };
        line.join().await?;
        Ok(line)
    }

    async fn join(&mut self) -> anyhow::Result<()> {
        let listener = TcpListener::bind(self.address).await.with_context(|| format!("listen on {}", self.address))?;
        self.address = listener.local_addr()?;
        self.open = Some(tokio::spawn(carry(listener, self.to)).abort_handle());
        Ok(())
    }

    fn cut(&mut self) {
        if let Some(open) = self.open.take() {
            open.abort();
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.cut();
    }
}

/// Ends, with all that it carries, when it is aborted.
async fn carry(listener: TcpListener, to: SocketAddr) {
    let mut carried = JoinSet::new();
    while let Ok((mut here, _)) = listener.accept().await {
        carried.spawn(async move {
            if let Ok(mut there) = TcpStream::connect(to).await {
                // Either end may hang up at any time.
                let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
            }
        });
        while carried.try_join_next().is_some() {}
    }
}

/// Memory while ClickHouse is away.
pub async fn memory(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let mut line = Line::open(bench.stand.engine_address()?).await?;
    let serving = Serving { clickhouse_url: format!("http://{}", line.address), ..bench.serving("memory")? };
    let mut server = bench.stand.serve(&serving).await?;
    server.ready().await?;
    line.cut();
    let posts = server.posts(&Arc::new(bench.rows.batches(ROWS)?));
    let lasting = Duration::from_secs(bench.args.down);
    let mut resident = Vec::new();
    let sampling = async {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            match resident_mib(server.pid) {
                Ok(mib) => resident.push(mib),
                Err(error) => return error,
            }
        }
    };
    let driven = tokio::select! {
        driven = drive(&posts, Push { connections: CONNECTIONS, lasting, pace: None }) => driven?,
        error = sampling => return Err(error),
    };
    let spooled = server.metric("qoe_spool_bytes").await? / f64::from(1 << 20);
    server.kill().await?;
    bench.stand.forget(&serving)?;
    let at = |share: f64| resident.get((resident.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    Ok(vec![Figure {
        measure: "resident with ClickHouse away".to_owned(),
        unit: "MiB",
        ours: resident.iter().copied().fold(f64::NAN, f64::max),
        theirs: None,
        goal: Goal::AtMost { must: 512.0, aim: 128.0 },
        how: format!(
            "the most in {} s at saturation, {CONNECTIONS} connections, {ROWS}-row posts; after a quarter, half, three quarters of it {:.0}, {:.0}, \
             {:.0}; {} rows acknowledged, {} posts told to come again, {spooled:.0} MiB in the spool",
            bench.args.down,
            at(0.25),
            at(0.5),
            at(0.75),
            driven.rows,
            driven.refused
        ),
    }])
}

/// From the start of a killed intake to its first acknowledgement.
pub async fn restart(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let mut line = Line::open(bench.stand.engine_address()?).await?;
    let wanted = bench.args.spool_mib;
    let serving = Serving { clickhouse_url: format!("http://{}", line.address), spool_mib: wanted * 2, ..bench.serving("restart")? };
    let mut server = bench.stand.serve(&serving).await?;
    server.ready().await?;
    line.cut();
    let batches = Arc::new(bench.rows.batches(ROWS)?);
    let push = Push { connections: bench.args.connections, lasting: Duration::from_millis(500), pace: None };
    while server.metric("qoe_spool_bytes").await? < (wanted << 20) as f64 {
        drive(&server.posts(&batches), push).await?;
    }
    let spooled = server.metric("qoe_spool_undelivered_bytes").await? / f64::from(1 << 20);
    server.kill().await?;
    line.join().await?;
    let began = Instant::now();
    let server = bench.stand.serve(&serving).await?;
    let posts = server.posts(&batches);
    while !once(&posts).await.is_ok_and(|status| status.is_success()) {
        anyhow::ensure!(began.elapsed() < Duration::from_secs(60), "the intake took no rows within a minute of its start");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let took = began.elapsed().as_secs_f64();
    server.kill().await?;
    bench.stand.forget(&serving)?;
    bench.stand.empty_both().await?;
    Ok(vec![Figure {
        measure: "first ack after kill -9".to_owned(),
        unit: "s",
        ours: took,
        theirs: None,
        goal: Goal::AtMost { must: 10.0, aim: 1.0 },
        how: format!("from the start of the new process; {spooled:.0} MiB not delivered in the spool; ClickHouse is up"),
    }])
}
