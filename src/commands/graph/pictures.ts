/** What a graph can be drawn as, by the option that asks for it. */
import type { Annotation } from '../../chain/annotate.js'
import type { Edge } from '../../chain/edge.js'
import { layout } from '../../chain/layout.js'
import type { Context } from '../../cli/command.js'
import { columnsOf, hasColours, isUtf8 } from '../../cli/terminal.js'
import { dotLines } from './dot.js'
import { svgLines } from './svg.js'
import { treeLines } from './tree.js'

export type PictureName = 'tree' | 'svg' | 'dot'

/** The lines of a picture; `annotations` are those of the edges, in their order. */
type Draw = (edges: readonly Edge[], annotations: readonly Annotation[], context: Context) => Iterable<string>

export const linesOf: Readonly<Record<PictureName, Draw>> = {
  tree: (edges, annotations, context) =>
    treeLines(layout(edges), annotations, {
      columns: columnsOf(context),
      colours: hasColours(context),
      utf8: isUtf8(context),
    }),
  svg: (edges, annotations) => svgLines(layout(edges), annotations),
  dot: (edges, annotations) => dotLines(layout(edges), annotations),
}
