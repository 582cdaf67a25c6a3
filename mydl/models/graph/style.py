"""The style sheet of the picture of a network, in light and, where the reader wants it, in dark.

Colours are of Okabe and Ito's palette, which colour-blind people can tell apart; none says anything
that is not written beside it. There are no variables: programs that are no browsers ignore them.
"""

STYLE = """
svg { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
text { fill: #59626d; font-variant-numeric: tabular-nums; }
.title { fill: #1b1f24; font-size: 18px; font-weight: 600; }
.name { fill: #1b1f24; font-weight: 600; }
.size { text-anchor: end; }
.page { fill: #ffffff; }
.box rect { fill: #f4f6f8; stroke: #8b96a1; stroke-width: 1.2; }
.conv rect { fill: #e4f1fb; stroke: #0072b2; }
.pool rect { fill: #fff2dc; stroke: #b37400; }
.relu rect { fill: #e8f6f0; stroke: #00855f; }
.norm rect { fill: #f7ebf3; stroke: #a8527f; }
.dropout rect { stroke-dasharray: 4 3; }
.joint rect { fill: #ffffff; stroke: #59626d; }
.end rect { fill: #1b1f24; stroke: #1b1f24; }
.end text { fill: #d5dae0; }
.end .name { fill: #ffffff; }
.frame rect { fill: #f8fafb; stroke: #c5ccd3; }
.line { fill: none; stroke: #6d7783; stroke-linejoin: round; }
.head, .dot { fill: #6d7783; }
.around .line { stroke: #7a4fb5; }
.around .head { fill: #7a4fb5; }
.back .line { stroke: #d55e00; }
.back .head { fill: #d55e00; }
.number { fill: #a33f00; font-weight: 600; paint-order: stroke; stroke: #ffffff; stroke-width: 3px;
  stroke-linejoin: round; }
.sum { fill: #ffffff; stroke: #d55e00; stroke-width: 1.6; }
.stage { stroke: #c5ccd3; stroke-width: 1.2; fill: none; }
@media (prefers-color-scheme: dark) {
  text { fill: #a9b3be; }
  .title, .name { fill: #e9ecef; }
  .page { fill: #14171a; }
  .box rect { fill: #1f252b; stroke: #77828d; }
  .conv rect { fill: #12293a; stroke: #56b4e9; }
  .pool rect { fill: #35280f; stroke: #e6a93a; }
  .relu rect { fill: #0f2d25; stroke: #35b88e; }
  .norm rect { fill: #351f2d; stroke: #d98bb4; }
  .joint rect { fill: #14171a; stroke: #a9b3be; }
  .end rect { fill: #e9ecef; stroke: #e9ecef; }
  .end text { fill: #3a424b; }
  .end .name { fill: #14171a; }
  .frame rect { fill: #191d21; stroke: #3c444d; }
  .line { stroke: #8e99a5; }
  .head, .dot { fill: #8e99a5; }
  .around .line { stroke: #b592ea; }
  .around .head { fill: #b592ea; }
  .back .line { stroke: #f28a3c; }
  .back .head { fill: #f28a3c; }
  .sum { fill: #14171a; stroke: #f28a3c; }
  .number { fill: #ffb27a; stroke: #14171a; }
  .stage { stroke: #3c444d; }
}
"""
