//! The narrowband E-model, whole: from a description of the transmission to the rating R.
//!
//! ITU-T G.107 (06/2015). The rating is what is left of a noise-bound ceiling after everything that is added:
//! R = Ro - Is - Id - Ie,eff + A. Every step is kept in [`Rating`], so that a reader can check each against the standard.
//! The standard calls its outcome a planning estimate and "not for actual customer opinion prediction": what comes out is
//! a label for the network, and no substitute for asking people.

use super::loss::{self, Impairment, Loss};
use super::rating::RFactor;

/// Everything the narrowband model asks about a connection. [`Default`] is G.107 (06/2015) Table 3: change what you know.
///
/// Times are milliseconds, loudness and echo ratings dB.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transmission {
    /// SLR, send loudness rating, dB.
    pub slr_db: f64,
    /// RLR, receive loudness rating, dB.
    pub rlr_db: f64,
    /// STMR, sidetone masking rating, dB.
    pub stmr_db: f64,
    /// LSTR, listener sidetone rating, dB.
    pub lstr_db: f64,
    /// Ds, the D-value of the telephone on the send side, dB.
    pub ds_db: f64,
    /// TELR, talker echo loudness rating, dB; 65 is a well working echo canceller.
    pub telr_db: f64,
    /// WEPL, weighted echo path loss, dB.
    pub wepl_db: f64,
    /// T, mean one-way delay of the echo path, ms. Under 1 ms echo is sidetone and costs nothing.
    pub t_ms: f64,
    /// Tr, round-trip delay in the four-wire loop, ms.
    pub tr_ms: f64,
    /// Ta, absolute one-way delay from mouth to ear, ms.
    pub ta_ms: f64,
    /// Number of quantisation distortion units.
    pub qdu: f64,
    /// Nc, circuit noise referred to the 0 dBr point, dBm0p.
    pub nc_dbm0p: f64,
    /// Nfor, noise floor on the receive side, dBmp.
    pub nfor_dbmp: f64,
    /// Ps, room noise on the send side, dB(A).
    pub ps_dba: f64,
    /// Pr, room noise on the receive side, dB(A).
    pub pr_dba: f64,
    /// What the codec costs, on the narrowband scale.
    pub codec: Impairment,
    /// The loss on the path.
    pub loss: Loss,
    /// A, the advantage people grant for access they would otherwise not have, 0 to 20. We leave it 0: it changes the
    /// expectation, not the sound.
    pub advantage: f64,
    /// mT, the delay that the most sensitive users begin to notice, ms.
    pub mt_ms: f64,
    /// sT, how sharply they notice it, dimensionless.
    pub st: f64,
}

impl Default for Transmission {
    fn default() -> Self {
        Self {
            slr_db: 8.0,
            rlr_db: 2.0,
            stmr_db: 15.0,
            lstr_db: 18.0,
            ds_db: 3.0,
            telr_db: 65.0,
            wepl_db: 110.0,
            t_ms: 0.0,
            tr_ms: 0.0,
            ta_ms: 0.0,
            qdu: 1.0,
            nc_dbm0p: -70.0,
            nfor_dbmp: -64.0,
            ps_dba: 35.0,
            pr_dba: 35.0,
            codec: Impairment { ie: 0.0, bpl: 4.3 },
            loss: Loss::NONE,
            advantage: 0.0,
            mt_ms: 100.0,
            st: 1.0,
        }
    }
}

impl Transmission {
    /// The same connection with this one-way delay and no echo path: what a call with working echo cancellation has.
    pub fn with_one_way_delay_ms(self, ta_ms: f64) -> Self {
        Self { ta_ms, ..self }
    }

    /// The same connection with this one-way delay, over which echo comes back too: T = Ta, Tr = 2 Ta.
    pub fn with_echoing_delay_ms(self, ta_ms: f64) -> Self {
        Self { t_ms: ta_ms, tr_ms: 2.0 * ta_ms, ta_ms, ..self }
    }

    /// The same connection with this codec under this loss.
    pub fn with_codec(self, codec: Impairment, loss: Loss) -> Self {
        Self { codec, loss, ..self }
    }

    /// The rating and every step to it (ITU-T G.107 (06/2015), eq. 7-1).
    pub fn rating(&self) -> Rating {
        let olr = self.slr_db + self.rlr_db;
        let no = self.noise_dbm0p(olr);
        let ro = 15.0 - 1.5 * (self.slr_db + no);
        let (iolr, ist, iq) = (self.iolr(olr, no), self.ist(), self.iq(ro));
        let is = iolr + ist + iq;
        let (idte, idle, idd) = (self.idte(no, ist), self.idle(ro), self.idd());
        let id = idte + idle + idd;
        let ie_eff = loss::ie_eff(self.codec, self.loss);
        let r = RFactor::unchecked(ro - is - id - ie_eff + self.advantage);
        Rating { no_dbm0p: no, ro, iolr, ist, iq, is, idte, idle, idd, id, ie_eff, a: self.advantage, r }
    }

    /// No, all noise summed by power at the 0 dBr point, dBm0p (eq. 7-3 to 7-7).
    fn noise_dbm0p(&self, olr: f64) -> f64 {
        let pre = self.pr_dba + 10.0 * (1.0 + power((10.0 - self.lstr_db) / 10.0)).log10();
        let nos = self.ps_dba - self.slr_db - self.ds_db - 100.0 + 0.004 * (self.ps_dba - olr - self.ds_db - 14.0).powi(2);
        let nor = self.rlr_db - 121.0 + pre + 0.008 * (pre - 35.0).powi(2);
        let nfo = self.nfor_dbmp + self.rlr_db;
        10.0 * [self.nc_dbm0p, nos, nor, nfo].map(|n| power(n / 10.0)).iter().sum::<f64>().log10()
    }

    /// Iolr, too loud a connection (eq. 7-9, 7-10).
    fn iolr(&self, olr: f64, no: f64) -> f64 {
        let x = (olr + 0.2 * (64.0 + no - self.rlr_db)) / 8.0;
        20.0 * ((1.0 + x.powi(8)).powf(1.0 / 8.0) - x)
    }

    /// Ist, sidetone that is not as it should be (eq. 7-11, 7-12).
    fn ist(&self) -> f64 {
        let stmro = -10.0 * (power(-self.stmr_db / 10.0) + (-self.t_ms / 4.0).exp() * power(-self.telr_db / 10.0)).log10();
        let bend = |x: f64, n: i32| (1.0 + x.powi(n)).powf(1.0 / f64::from(n));
        12.0 * bend((stmro - 13.0) / 6.0, 8) - 28.0 * bend((stmro + 1.0) / 19.4, 35) - 13.0 * bend((stmro - 3.0) / 33.0, 13) + 29.0
    }

    /// Iq, quantising distortion (eq. 7-13 to 7-17).
    fn iq(&self, ro: f64) -> f64 {
        let q = 37.0 - 15.0 * self.qdu.log10();
        let g = 1.07 + 0.258 * q + 0.0602 * q * q;
        let y = (ro - 100.0) / 15.0 + 46.0 / 8.4 - g / 9.0;
        let z = 46.0 / 30.0 - g / 40.0;
        15.0 * (1.0 + power(y) + power(z)).log10()
    }

    /// Idte, the talker's own echo (eq. 7-19 to 7-24).
    fn idte(&self, no: f64, ist: f64) -> f64 {
        let t = self.t_ms;
        if t < 1.0 {
            return 0.0;
        }
        let heard = self.telr_db - 40.0 * ((1.0 + t / 10.0) / (1.0 + t / 150.0)).log10() + 6.0 * (-0.3 * t * t).exp();
        let terv = if self.stmr_db < 9.0 { heard + ist / 2.0 } else { heard };
        let gap = -1.5 * (no - self.rlr_db) - (80.0 + 2.5 * (terv - 14.0));
        let idte = (gap / 2.0 + (gap * gap / 4.0 + 100.0).sqrt() - 1.0) * (1.0 - (-t).exp());
        if self.stmr_db > 20.0 { idte.hypot(ist) } else { idte }
    }

    /// Idle, echo at the listener (eq. 7-25, 7-26).
    fn idle(&self, ro: f64) -> f64 {
        let rle = 10.5 * (self.wepl_db + 7.0) * (self.tr_ms + 1.0).powf(-0.25);
        let gap = ro - rle;
        gap / 2.0 + (gap * gap / 4.0 + 169.0).sqrt()
    }

    /// Idd, delay as such (eq. 7-27, 7-28). The exponent is 6 times sT.
    fn idd(&self) -> f64 {
        if self.ta_ms <= self.mt_ms {
            return 0.0;
        }
        let x = (self.ta_ms / self.mt_ms).log2();
        let n = 6.0 * self.st;
        let bend = |x: f64| (1.0 + x.powf(n)).powf(1.0 / n);
        25.0 * (bend(x) - 3.0 * bend(x / 3.0) + 2.0)
    }
}

/// Ten to the power of `x`: decibels undone.
fn power(x: f64) -> f64 {
    10f64.powf(x)
}

/// The rating of a connection with the steps that led to it; all in points of R unless named otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    /// No, noise at the 0 dBr point, dBm0p.
    pub no_dbm0p: f64,
    /// Ro, the basic signal-to-noise ratio.
    pub ro: f64,
    /// Iolr, loudness.
    pub iolr: f64,
    /// Ist, sidetone.
    pub ist: f64,
    /// Iq, quantising.
    pub iq: f64,
    /// Is, impairments simultaneous with speech: the sum of the three.
    pub is: f64,
    /// Idte, talker echo.
    pub idte: f64,
    /// Idle, listener echo.
    pub idle: f64,
    /// Idd, absolute delay.
    pub idd: f64,
    /// Id, delay: the sum of the three.
    pub id: f64,
    /// Ie,eff, codec and loss.
    pub ie_eff: f64,
    /// A, the advantage.
    pub a: f64,
    /// R itself.
    pub r: RFactor,
}

#[cfg(test)]
mod tests;
