"""A link below the title of each notebook, to take it along."""

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform


class LinkToNotebook(SphinxTransform):
    # After links to files became links to pages that show them.
    default_priority = 310

    def apply(self, **kwargs):
        path = self.env.doc2path(self.env.docname)
        title = next(self.document.findall(nodes.title), None)
        if path.suffix != ".ipynb" or title is None:
            return
        text = nodes.literal("", path.name)
        link = addnodes.download_reference("", "", text, reftarget=path.name)
        link["refdoc"] = self.env.docname
        line = nodes.paragraph("", "", nodes.Text("Take it along: "), link)
        title.parent.insert(title.parent.index(title) + 1, line)


def setup(app):
    app.add_transform(LinkToNotebook)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
