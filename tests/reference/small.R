# Reference values for the statistics, on data small enough to be typed here: acute myelogenous leukaemia (Miller 1981;
# R's survival::aml), weeks to relapse under maintained and nonmaintained chemotherapy.
# Run in this folder: Rscript small.R    It writes km_small.json and maxstat_small.json.

library(survival)
library(maxstat)

time <- c(9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45)
event <- c(1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1)
group <- rep(c(0, 1), c(11, 12)) # 1: nonmaintained
# A made risk, so that a cutpoint can be searched for; two values stand twice.
risk <- c(0.2, 0.5, 0.1, 0.6, 0.3, 0.3, 0.4, 0.0, 0.15, 0.05, -0.2, 0.9, 0.8, 0.7, 0.95, 0.65, 0.35, 0.55, 0.25, 0.5,
          0.45, 0.1, -0.1)

numbers <- function(x) {
  written <- trimws(formatC(x, digits = 17, format = "g"))
  written[is.na(x)] <- "null"
  if (length(x) == 1) written else paste0("[", paste(written, collapse = ", "), "]")
}
object <- function(fields) {
  paste0("{", paste0('"', names(fields), '": ', unlist(fields), collapse = ", "), "}")
}
text <- function(x) paste0('"', x, '"')
made_by <- object(list(R = text(as.character(getRversion())), survival = text(as.character(packageVersion("survival"))),
                       maxstat = text(as.character(packageVersion("maxstat"))), script = text("small.R")))
data <- object(list(time = numbers(time), event = numbers(event), group = numbers(group), risk = numbers(risk)))

curve <- function(fit) {
  shown <- quantile(fit, 0.5, conf.int = TRUE)
  object(list(time = numbers(fit$time), survival = numbers(fit$surv), low = numbers(fit$lower),
              high = numbers(fit$upper), at_risk = numbers(fit$n.risk), events = numbers(fit$n.event),
              median = numbers(unname(shown$quantile))))
}
km <- list()
for (transform in c("log-log", "log", "plain")) {
  for (arm in 0:1) {
    fit <- survfit(Surv(time, event) ~ 1, subset = group == arm, conf.type = transform)
    km[[paste0(transform, "/", arm)]] <- curve(fit)
  }
}
tested <- survdiff(Surv(time, event) ~ group)
cox <- summary(coxph(Surv(time, event) ~ group, ties = "efron", control = coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 100)))
agree <- concordance(Surv(time, event) ~ risk, reverse = TRUE)
writeLines(object(list(
  made_by = made_by, data = data, kaplan_meier = object(km),
  logrank = object(list(statistic = numbers(tested$chisq),
                        p_value = numbers(pchisq(tested$chisq, 1, lower.tail = FALSE)))),
  hazard_ratio = object(list(ratio = numbers(cox$conf.int[1, "exp(coef)"]), low = numbers(cox$conf.int[1, "lower .95"]),
                             high = numbers(cox$conf.int[1, "upper .95"]),
                             std_err = numbers(cox$coefficients[1, "se(coef)"]),
                             p_value = numbers(cox$coefficients[1, "Pr(>|z|)"]))),
  concordance = numbers(unname(agree$concordance))
)), "km_small.json")

table <- data.frame(time, event, risk)
p <- function(method) maxstat.test(Surv(time, event) ~ risk, data = table, smethod = "LogRank", pmethod = method)
set.seed(1) # exactGauss integrates by a random rule
found <- p("Lau92")
writeLines(object(list(
  made_by = made_by, data = data, statistic = numbers(unname(found$statistic)), cutpoint = numbers(unname(found$estimate)),
  candidates = numbers(found$cuts), standardised = numbers(found$stats), p_lau92 = numbers(found$p.value),
  p_lau94 = numbers(p("Lau94")$p.value), p_hl = numbers(p("HL")$p.value),
  p_exact_gauss = numbers(p("exactGauss")$p.value)
)), "maxstat_small.json")
